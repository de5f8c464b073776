using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Drives a generator as a server would, in real time: images arrive at random, wait, and run. Static batching lets images join only when none runs;
/// continuous batching lets them join at any step.
/// </summary>
internal sealed class ServingBenchmark(IImageGenerator generator, int images, CancellationToken cancellation)
{
    private readonly List<ImageSpecification> _images = [.. Enumerable.Range(0, images).Select(i =>
        new ImageSpecification(i % generator.Model.Classes.Count, (ulong)i, generator.Model.DefaultCoarse, generator.Model.DefaultFine))];

    public ServingRun Run(double load, ulong seed)
    {
        var (offline, saturated) = (Offline(), Saturated()); // one after the other, as the machine changes over the minutes
        var arrivals = Arrivals(load * offline, seed);
        var atStatic = Serve(arrivals, isContinuous: false);
        var atContinuous = Serve(arrivals, isContinuous: true);
        return new ServingRun(offline, saturated, atStatic, atContinuous);
    }

    /// <summary>Images per second of full batches, one after another.</summary>
    public double Offline() => Rate(() =>
    {
        var perBatch = Math.Max(1, generator.FreeRows / _images[0].Rows);
        foreach (var batch in _images.Chunk(perBatch))
        {
            generator.Generate(batch, cancellation);
        }
    });

    /// <summary>Images per second where all wait from the start and each joins as soon as there is room.</summary>
    private double Saturated() => Rate(() => generator.Generate(_images, cancellation));

    private double Rate(Action run)
    {
        var started = Stopwatch.GetTimestamp();
        run();
        return _images.Count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Poisson: exponential times between arrivals, in seconds from the start.</summary>
    private double[] Arrivals(double perSecond, ulong seed)
    {
        var random = new Random((int)seed);
        var time = 0.0;
        return [.. _images.Select(_ => time += -Math.Log(1 - random.NextDouble()) / perSecond)];
    }

    private Latency Serve(double[] arrivals, bool isContinuous)
    {
        var latencies = new List<double>();
        var started = Stopwatch.GetTimestamp();
        double Now() => Stopwatch.GetElapsedTime(started).TotalSeconds;
        for (var next = 0; latencies.Count < arrivals.Length;)
        {
            if (generator.ImageCount == 0 && next < arrivals.Length && arrivals[next] > Now())
            {
                cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(Math.Max(0, arrivals[next] - Now())));
            }

            var mayJoin = isContinuous || generator.ImageCount == 0;
            for (; mayJoin && next < arrivals.Length && arrivals[next] <= Now() && _images[next].Rows <= generator.FreeRows; next++)
            {
                generator.Admit(next, _images[next]);
            }

            foreach (var outcome in generator.Advance(cancellation))
            {
                latencies.Add(1000 * (Now() - arrivals[outcome.Id]));
            }
        }

        latencies.Sort();
        return new Latency(latencies.Average(), latencies[(int)(0.95 * (latencies.Count - 1))]);
    }
}

/// <summary>From arrival to the finished image.</summary>
internal sealed record Latency(double MeanMilliseconds, double P95Milliseconds);

/// <summary>Everything of one run, with the same arrivals for both kinds of batching.</summary>
internal sealed record ServingRun(double OfflineImagesPerSecond, double SaturatedImagesPerSecond, Latency Static, Latency Continuous);
