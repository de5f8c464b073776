using System.Diagnostics.Metrics;

namespace CtfService.Inference.Telemetry;

/// <summary>Upper bounds of the histogram buckets, in ratios of 2 to 2.5.</summary>
public static class BucketBounds
{
    /// <summary>Requests and queue waits: 1 ms to 120 s.</summary>
    public static IReadOnlyList<double> Requests { get; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    /// <summary>Stages of a request: 0.1 ms, for small models on large machines, to 120 s.</summary>
    internal static InstrumentAdvice<double> Stages { get; } = Advice([0.0001, 0.00025, 0.0005, .. Requests]);

    internal static InstrumentAdvice<double> Waits { get; } = Advice(Requests);

    internal static InstrumentAdvice<int> Rows { get; } = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096] };

    private static InstrumentAdvice<double> Advice(IReadOnlyList<double> ends) => new() { HistogramBucketBoundaries = ends };
}
