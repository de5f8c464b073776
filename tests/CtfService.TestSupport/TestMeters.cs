using System.Diagnostics.Metrics;

namespace CtfService.TestSupport;

/// <summary>Meters of one test: a <c>MetricCollector</c> that is given this sees no other test's.</summary>
public sealed class TestMeters : IMeterFactory
{
    private readonly List<Meter> _meters = [];

    /// <summary>Names of the meters that were made.</summary>
    public IReadOnlyList<string> Names => [.. _meters.Select(meter => meter.Name)];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(new MeterOptions(options.Name) { Version = options.Version, Tags = options.Tags, Scope = this });
        _meters.Add(meter);
        return meter;
    }

    public void Dispose() => _meters.ForEach(meter => meter.Dispose());
}
