using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Soak;

/// <summary>What a process of the service holds at one moment.</summary>
/// <param name="Hours">Time since the start of the soak.</param>
/// <param name="Memory">Memory of its own, without files that the system keeps for it, bytes.</param>
/// <param name="Managed">.NET's heap after a collection, bytes.</param>
/// <param name="Tensors">Live tensors of libtorch.</param>
/// <param name="Handles">Open files and connections.</param>
internal sealed record ProcessSample(double Hours, double Memory, double Managed, double Tensors, double Handles, double Threads)
{
    private static readonly Uri Held = new("/faults/held", UriKind.Relative);

    private static readonly JsonSerializerOptions Json = new() { PropertyNameCaseInsensitive = true };

    public static async Task<ProcessSample> TakeAsync(ServiceInstance service, TimeSpan since, CancellationToken cancellation)
    {
        var inside = await service.Client.GetFromJsonAsync<Inside>(Held, Json, cancellation); // collects garbage first
        var folder = $"/proc/{service.ProcessId}";
        var status = await File.ReadAllLinesAsync($"{folder}/status", cancellation);
        double Line(string name) => double.Parse(
            status.Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture);
        var handles = Directory.GetFiles($"{folder}/fd").Length;
        return new(since.TotalHours, Line("RssAnon:") * 1_024, inside!.Managed, inside.Tensors, handles, Line("Threads:"));
    }

    private sealed record Inside(long Managed, long Tensors);
}
