using CtfService.LoadGenerator.Reports;

namespace CtfService.Cli.Tests.Load;

public sealed class LatencyRecorderTests
{
    [Fact]
    public void Summary_HasPercentilesInMilliseconds()
    {
        var recorder = new LatencyRecorder();
        for (var milliseconds = 1; milliseconds <= 1_000; milliseconds++)
        {
            recorder.Record(TimeSpan.FromMilliseconds(milliseconds));
        }

        var summary = recorder.Summary();

        Assert.Equal(1_000, summary.Count);
        Assert.InRange(summary.P50, 499, 502);
        Assert.InRange(summary.P99, 989, 992);
        Assert.InRange(summary.Max, 1_000, 1_001);
    }

    [Fact]
    public void RecordEvery_ALateMeasurement_AddsThoseThatItPrevented()
    {
        var recorder = new LatencyRecorder();

        recorder.RecordEvery(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

        Assert.Equal(10, recorder.Summary().Count); // 1,000, 900, ... 100 ms
        Assert.InRange(recorder.Summary().P50, 499, 502);
    }

    [Fact]
    public void Summary_WithoutTimes_HasNone() => Assert.Equal((0, double.NaN), (new LatencyRecorder().Summary().Count, new LatencyRecorder().Summary().P99));
}
