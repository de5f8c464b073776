namespace CtfService.LoadGenerator.Arrivals;

/// <summary>How requests follow each other.</summary>
public enum ArrivalProcess
{
    /// <summary>Independent callers: exponential intervals.</summary>
    Poisson,

    /// <summary>Equal intervals.</summary>
    Constant,
}

/// <summary>The times at which requests are due, whatever the service does.</summary>
public static class ArrivalSchedule
{
    /// <summary>Returns the times from the start, ascending, that lie before the end. The same seed gives the same times.</summary>
    /// <param name="rate">Requests a second, above 0.</param>
    public static IEnumerable<TimeSpan> Times(ArrivalProcess process, double rate, TimeSpan duration, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        return process == ArrivalProcess.Constant ? Constant(rate, duration) : Poisson(rate, duration, new Random(seed));
    }

    private static IEnumerable<TimeSpan> Constant(double rate, TimeSpan duration)
    {
        for (var number = 0L; number / rate < duration.TotalSeconds; number++)
        {
            yield return TimeSpan.FromSeconds(number / rate);
        }
    }

    private static IEnumerable<TimeSpan> Poisson(double rate, TimeSpan duration, Random random)
    {
        double Interval() => -Math.Log(1 - random.NextDouble()) / rate;
        for (var due = Interval(); due < duration.TotalSeconds; due += Interval())
        {
            yield return TimeSpan.FromSeconds(due);
        }
    }
}
