using System.Diagnostics;
using CtfService.EngineBenchmarks;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Waits for arrivals in real time and takes the time from each to its finished image. Thread-safe, if each image is finished once.</summary>
/// <param name="arrivals">Seconds from the start, ascending.</param>
internal sealed class ArrivalClock(double[] arrivals)
{
    private readonly double[] _milliseconds = new double[arrivals.Length];
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Number of images that have arrived.</summary>
    public int Arrived => arrivals.Count(arrival => arrival <= Now);

    /// <summary>The times of all images; call after the last one.</summary>
    public Latency Latency => Latency.Of(_milliseconds);

    private double Now => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Draws the times of a Poisson process: exponential intervals, in seconds from the start.</summary>
    public static double[] Poisson(int images, double perSecond, ulong seed)
    {
        var random = new Random((int)seed);
        var time = 0.0;
        return [.. Enumerable.Range(0, images).Select(_ => time += -Math.Log(1 - random.NextDouble()) / perSecond)];
    }

    public Task ArrivalAsync(int image, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, arrivals[image] - Now)), TimeProvider.System, cancellation);

    public void Finish(int image) => _milliseconds[image] = 1000 * (Now - arrivals[image]);
}

/// <summary>Time from arrival to finished image.</summary>
internal sealed record Latency(double MeanMilliseconds, double MedianMilliseconds, double P95Milliseconds)
{
    public static Latency Of(double[] milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        double Quantile(double fraction) => sorted[(int)(fraction * (sorted.Length - 1))];
        return new Latency(sorted.Average(), Quantile(0.5), Quantile(0.95));
    }

    /// <summary>Returns the median of each figure over several runs.</summary>
    public static Latency MedianOf<TRun>(IReadOnlyList<TRun> runs, Func<TRun, Latency> of) => new(
        Medians.Of(runs, run => of(run).MeanMilliseconds),
        Medians.Of(runs, run => of(run).MedianMilliseconds),
        Medians.Of(runs, run => of(run).P95Milliseconds));
}
