using CtfService.LoadGenerator.Arrivals;

namespace CtfService.Cli.Tests.Load;

public sealed class ArrivalScheduleTests
{
    [Fact]
    public void Constant_HasEqualIntervals()
    {
        var times = ArrivalSchedule.Times(ArrivalProcess.Constant, rate: 4, TimeSpan.FromSeconds(1.1), seed: 0);

        Assert.Equal([0, 250, 500, 750, 1_000], times.Select(time => time.TotalMilliseconds));
    }

    [Fact]
    public void Poisson_HasTheRateAndTheSpreadOfIndependentCallers()
    {
        double[] times = [.. ArrivalSchedule.Times(ArrivalProcess.Poisson, rate: 100, TimeSpan.FromSeconds(100), seed: 1).Select(time => time.TotalSeconds)];
        double[] intervals = [.. times.Skip(1).Zip(times, (next, time) => next - time)];
        var deviation = Math.Sqrt(intervals.Average(interval => Math.Pow(interval - intervals.Average(), 2)));

        Assert.InRange(times.Length, 9_600, 10_400); // four standard deviations
        Assert.InRange(deviation / intervals.Average(), 0.95, 1.05); // 1 for exponential intervals
        Assert.All(intervals, interval => Assert.True(interval >= 0));
    }

    [Fact]
    public void Poisson_SameSeed_GivesTheSameTimes()
    {
        IEnumerable<TimeSpan> Times(int seed) => ArrivalSchedule.Times(ArrivalProcess.Poisson, rate: 50, TimeSpan.FromSeconds(2), seed);

        Assert.Equal(Times(3), Times(3));
        Assert.NotEqual(Times(3), Times(4));
    }
}
