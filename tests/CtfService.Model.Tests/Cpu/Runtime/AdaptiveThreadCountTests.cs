using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Tests.Cpu.Runtime;

public sealed class AdaptiveThreadCountTests
{
    /// <summary>A run that is long enough to decide alone.</summary>
    private static readonly long Run = AdaptiveThreadCount.AveragedTime;

    [Theory]
    [InlineData(2, 1)]
    [InlineData(16, 8)]
    [InlineData(5, 3)]
    public void EndRun_WaitedMoreThanHalf_HalvesTheCount(int maxThreads, int expected)
    {
        var threads = new AdaptiveThreadCount(maxThreads);

        threads.EndRun(now: Run, elapsed: Run, waited: (Run / 2) + 1);

        Assert.Equal(expected, threads.Current);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    public void EndRun_WaitedAtMostHalf_KeepsTheCount(double share)
    {
        var threads = new AdaptiveThreadCount(4);

        threads.EndRun(now: Run, elapsed: Run, (long)(share * Run));

        Assert.Equal(4, threads.Current);
    }

    /// <summary>Other threads of the process take a core for a moment, such as one that encodes an image.</summary>
    [Theory]
    [InlineData(0.4, 2)]
    [InlineData(0.9, 1)]
    public void EndRun_OfShortRuns_AveragesTheWaiting(double share, int expected)
    {
        var threads = new AdaptiveThreadCount(2);
        var run = Run / 50;

        for (var number = 1; number <= 500 && threads.Current == 2; number++)
        {
            threads.EndRun(number * run, run, waited: number % 10 < 10 * share ? run : 0);
        }

        Assert.Equal(expected, threads.Current);
    }

    [Fact]
    public void EndRun_OneThread_KeepsOneThread()
    {
        var threads = new AdaptiveThreadCount(1);

        threads.EndRun(now: Run, elapsed: Run, waited: Run);

        Assert.Equal(1, threads.Current);
    }

    [Fact]
    public void BeginRun_BackoffIsOver_DoublesTheCount()
    {
        var threads = new AdaptiveThreadCount(8);
        threads.EndRun(now: 0, elapsed: Run, waited: Run);
        var backoff = 2 * AdaptiveThreadCount.InitialBackoff;

        threads.BeginRun(backoff - 1);
        var before = threads.Current;
        threads.BeginRun(backoff);

        Assert.Equal((4, 8), (before, threads.Current));
    }

    [Fact]
    public void BeginRun_RepeatedDelays_BacksOffAtMostTheMaximum()
    {
        var threads = new AdaptiveThreadCount(2);
        var now = 0L;
        for (var trial = 0; trial < 20; trial++)
        {
            threads.EndRun(now, elapsed: Run, waited: Run);
            now += AdaptiveThreadCount.MaxBackoff;
            threads.BeginRun(now);
            Assert.Equal(2, threads.Current);
        }

        threads.EndRun(now, elapsed: Run, waited: Run);
        threads.BeginRun(now + AdaptiveThreadCount.MaxBackoff - 1);

        Assert.Equal(1, threads.Current);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void EndRun_AfterAWorthwhileTime_RestsBriefly(int tooShort)
    {
        var threads = new AdaptiveThreadCount(2);
        for (var trial = 0; trial < 5; trial++)
        {
            threads.EndRun(trial * AdaptiveThreadCount.MaxBackoff, elapsed: Run, waited: Run);
            threads.BeginRun((trial + 1) * AdaptiveThreadCount.MaxBackoff);
        }

        var disturbed = (5 * AdaptiveThreadCount.MaxBackoff) + AdaptiveThreadCount.WorthwhileTime - tooShort;
        threads.EndRun(disturbed, elapsed: Run, waited: Run);
        threads.BeginRun(disturbed + (2 * AdaptiveThreadCount.InitialBackoff));

        Assert.Equal(tooShort == 0 ? 2 : 1, threads.Current);
    }

    /// <summary>A short burst of other work now and then, such as the encoding of finished images, costs a short rest each time.</summary>
    [Fact]
    public void EndRun_DisturbedFourTimesASecond_UsesAllThreadsMostOfTheTime()
    {
        var threads = new AdaptiveThreadCount(2);
        for (var trial = 0; trial < 8; trial++)
        {
            threads.EndRun(0, elapsed: Run, waited: Run); // a time of heavy competition
        }

        var step = AdaptiveThreadCount.MaxBackoff / 1000;
        var used = 0;
        for (var now = 0; now < 4000; now++)
        {
            threads.BeginRun(now * step);
            used += now >= 2000 && threads.Current == 2 ? 1 : 0;
            threads.EndRun(now * step, elapsed: Run, waited: now % 250 == 0 ? Run : 0);
        }

        Assert.InRange(used, 1500, 2000);
    }
}
