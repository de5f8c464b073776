using System.Diagnostics.Metrics;

namespace CtfService.TestSupport;

/// <summary>The meters of one test. A <c>MetricCollector</c> with this factory ignores the meters of other tests.</summary>
public sealed class TestMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    /// <summary>Names of the meters created so far.</summary>
    public IReadOnlyList<string> Names => [.. _meters.Select(meter => meter.Name)];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(new MeterOptions(options.Name) { Version = options.Version, Tags = options.Tags, Scope = this });
        _meters.Add(meter);
        return meter;
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());
}
