using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Measures what a bulk job costs interactive images and what they cost the job. The interactive load is a fraction of the rate at which the model answers
/// requests for one image one after another: at 0.5, it works half of the time on them.
/// </summary>
internal sealed class BulkBenchmark(ServedModel served, int images, CancellationToken cancellation)
{
    private static readonly TimeSpan AloneFor = TimeSpan.FromSeconds(3);

    private readonly ImageSpecification[] _images = [.. Enumerable.Range(0, images).Select(i => new ImageSpecification(
        i % served.Description.Classes.Count, (ulong)i, served.Description.DefaultCoarse, served.Description.DefaultFine))];

    public async Task<BulkRun> RunAsync(double load, ulong seed)
    {
        var bulkAlone = await BulkAloneAsync();
        var oneByOne = await OneByOneAsync();
        var arrivals = ArrivalClock.Poisson(_images.Length, load * oneByOne, seed);
        var interactiveAlone = await InteractiveAsync(arrivals);
        var interactiveBeside = interactiveAlone;
        await using var job = new BulkLoad(served, cancellation);
        var bulkBeside = await job.RateDuringAsync(async () => interactiveBeside = await InteractiveAsync(arrivals));
        return new BulkRun(oneByOne, interactiveAlone, interactiveBeside, bulkAlone, bulkBeside);
    }

    private async Task<double> BulkAloneAsync()
    {
        await using var job = new BulkLoad(served, cancellation);
        await Task.Delay(AloneFor / 3, TimeProvider.System, cancellation); // until all rows are taken
        return await job.RateDuringAsync(() => Task.Delay(AloneFor, TimeProvider.System, cancellation));
    }

    /// <summary>Returns the images per second of requests for one image, each sent when the one before is answered.</summary>
    private async Task<double> OneByOneAsync()
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var image in _images)
        {
            await GenerateAsync(image, static _ => { });
        }

        return _images.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<Latency> InteractiveAsync(double[] arrivals)
    {
        var clock = new ArrivalClock(arrivals);
        await Task.WhenAll(_images.Select(async (image, i) =>
        {
            await clock.ArrivalAsync(i, cancellation);
            await GenerateAsync(image, _ => clock.Finish(i));
        }));
        return clock.Latency;
    }

    private Task GenerateAsync(ImageSpecification image, Action<InferenceEvent.Finished> finished) =>
        served.GenerateAsync([image], ImagePriority.Interactive, finished, cancellation);
}

/// <summary>The figures of one run, with the same arrivals alone and beside the job.</summary>
internal sealed record BulkRun(
    double OneByOneImagesPerSecond,
    Latency InteractiveAlone,
    Latency InteractiveBesideBulk,
    double BulkAloneImagesPerSecond,
    double BulkBesideImagesPerSecond)
{
    public double P95Ratio => InteractiveBesideBulk.P95Milliseconds / InteractiveAlone.P95Milliseconds;

    public double MeanRatio => InteractiveBesideBulk.MeanMilliseconds / InteractiveAlone.MeanMilliseconds;

    public double MedianRatio => InteractiveBesideBulk.MedianMilliseconds / InteractiveAlone.MedianMilliseconds;

    public double BulkShare => BulkBesideImagesPerSecond / BulkAloneImagesPerSecond;
}
