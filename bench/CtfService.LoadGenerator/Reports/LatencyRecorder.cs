using HdrHistogram;

namespace CtfService.LoadGenerator.Reports;

/// <summary>A histogram of times: microseconds to an hour, three digits. Its size does not depend on how many it records. Not thread-safe.</summary>
internal sealed class LatencyRecorder
{
    private const long Longest = 3_600_000_000; // microseconds

    private const int Digits = 3;

    private readonly LongHistogram _microseconds = new(Longest, Digits);

    public void Record(TimeSpan time) => _microseconds.RecordValue(Microseconds(time));

    /// <summary>Records a time, and those of the measurements at this interval that it kept from being made.</summary>
    public void RecordEvery(TimeSpan interval, TimeSpan time) => _microseconds.RecordValueWithExpectedInterval(Microseconds(time), Microseconds(interval));

    public LatencySummary Summary()
    {
        double Milliseconds(double percentile) => _microseconds.TotalCount == 0 ? double.NaN : _microseconds.GetValueAtPercentile(percentile) / 1_000.0;
        return new(_microseconds.TotalCount, Milliseconds(50), Milliseconds(90), Milliseconds(99), Milliseconds(99.9), Milliseconds(100));
    }

    private static long Microseconds(TimeSpan time) => Math.Clamp((long)time.TotalMicroseconds, 1, Longest);
}

/// <summary>Percentiles of times, milliseconds; NaN if there are none.</summary>
public sealed record LatencySummary(long Count, double P50, double P90, double P99, double P999, double Max);
