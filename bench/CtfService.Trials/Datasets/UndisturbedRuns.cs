using System.Text.Json;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Datasets;

/// <summary>
/// Outputs of single processes that nothing disturbed, for comparison. Each is kept in a file, so that a trial that was interrupted or runs again need not make
/// it again.
/// </summary>
/// <param name="key">API key; null without keys.</param>
internal sealed class UndisturbedRuns(ServiceInstance service, TrialFolder folder, string? key = null)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromHours(2);

    public async Task<DatasetOutput> OfAsync(DatasetOrder order, CancellationToken cancellation)
    {
        var file = folder.File($"undisturbed-{order.Images}-{order.Seed}.json");
        if (File.Exists(file))
        {
            return JsonSerializer.Deserialize<DatasetOutput>(await File.ReadAllTextAsync(file, cancellation))!;
        }

        TrialReport.Progress($"undisturbed run of {order.Images} images, seed {order.Seed}");
        var client = new DatasetClient([service], key);
        var job = await client.CreateAsync(order, cancellation);
        job = await client.EndAsync(job.Id, Timeout, cancellation);
        if (job is not { Status: "completed", ImageCounts.Failed: 0 })
        {
            throw new InvalidOperationException($"The undisturbed run ended as {job}.");
        }

        var output = await DatasetOutput.DownloadAsync(client, job.Id, cancellation);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(output), cancellation);
        return output;
    }
}
