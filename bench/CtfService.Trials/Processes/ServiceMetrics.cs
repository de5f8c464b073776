using System.Globalization;

namespace CtfService.Trials.Processes;

/// <summary>The metrics of a service at one moment, as <c>/metrics</c> exports them.</summary>
internal sealed class ServiceMetrics
{
    private readonly IReadOnlyList<(string Series, double Value)> _series;

    private ServiceMetrics(IReadOnlyList<(string Series, double Value)> series) => _series = series;

    public static async Task<ServiceMetrics> ReadAsync(ServiceInstance service, CancellationToken cancellation)
    {
        var text = await service.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellation);
        return new([.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Parse)]);
    }

    /// <summary>Returns the sum of all series of a metric that have a label, 0 if there are none.</summary>
    /// <param name="label">Such as <c>ctf_route="edits"</c>; empty for all.</param>
    public double Sum(string metric, string label = "") => _series
        .Where(each => each.Series.Split('{')[0] == metric && each.Series.Contains(label, StringComparison.Ordinal))
        .Sum(each => each.Value);

    /// <summary>Returns the values that a label of a metric has.</summary>
    public IReadOnlyList<string> Labels(string metric, string label) =>
    [
        .. _series.Where(each => each.Series.Split('{')[0] == metric)
            .Select(each => each.Series.Split($"{label}=\"") is [_, var rest] ? rest.Split('"')[0] : "")
            .Where(value => value.Length > 0)
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads <c>name{labels} value</c>, with or without a time behind it. Labels of this service have no spaces behind their brace.</summary>
    private static (string Series, double Value) Parse(string line)
    {
        var end = line.LastIndexOf('}') is var brace and >= 0 ? brace + 1 : line.IndexOf(' ', StringComparison.Ordinal);
        var value = line[end..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return (line[..end], double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN);
    }
}
