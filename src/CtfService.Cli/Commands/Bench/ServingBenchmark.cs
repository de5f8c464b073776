using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Sends images to the service's queue in real time, at random arrival times. With continuous batching every image is enqueued when it arrives and joins at the
/// next step; with static batching the images that have arrived are enqueued together, and the next batch only when all of them are finished.
/// </summary>
internal sealed class ServingBenchmark(ServedModel served, int images, CancellationToken cancellation)
{
    private readonly ImageSpecification[] _images = [.. Enumerable.Range(0, images).Select(i => new ImageSpecification(
        i % served.Description.Classes.Count, (ulong)i, served.Description.DefaultCoarse, served.Description.DefaultFine))];

    private int ImagesPerBatch => Math.Max(1, served.Rows / _images[0].Rows);

    public async Task<ServingRun> RunAsync(double load, ulong seed)
    {
        var (offline, saturated) = (await OfflineAsync(), await SaturatedAsync()); // in each run, as the speed of the machine changes over minutes
        var arrivals = ArrivalClock.Poisson(_images.Length, load * offline, seed);
        return new ServingRun(offline, saturated, await StaticAsync(arrivals), await ContinuousAsync(arrivals));
    }

    /// <summary>Returns the images per second of full batches, each enqueued when the one before is finished.</summary>
    public Task<double> OfflineAsync() => RateAsync(async () =>
    {
        foreach (var batch in _images.Chunk(ImagesPerBatch))
        {
            await GenerateAsync(batch, _ => { });
        }
    });

    /// <summary>Returns the images per second if all are enqueued at the start and each joins as soon as there is room.</summary>
    private Task<double> SaturatedAsync() => RateAsync(() => GenerateAsync(_images, _ => { }));

    private async Task<double> RateAsync(Func<Task> run)
    {
        var started = Stopwatch.GetTimestamp();
        await run();
        return _images.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<Latency> StaticAsync(double[] arrivals)
    {
        var clock = new ArrivalClock(arrivals);
        for (var next = 0; next < arrivals.Length;)
        {
            await clock.ArrivalAsync(next, cancellation);
            var size = Math.Clamp(clock.Arrived - next, 1, ImagesPerBatch);
            var first = next;
            await GenerateAsync(_images[first..(first + size)], image => clock.Finish(first + image.Index));
            next += size;
        }

        return clock.Latency;
    }

    private async Task<Latency> ContinuousAsync(double[] arrivals)
    {
        var clock = new ArrivalClock(arrivals);
        await Task.WhenAll(_images.Select(async (image, i) =>
        {
            await clock.ArrivalAsync(i, cancellation);
            await GenerateAsync([image], _ => clock.Finish(i));
        }));
        return clock.Latency;
    }

    private Task GenerateAsync(IReadOnlyList<ImageSpecification> request, Action<InferenceEvent.Finished> finished) =>
        served.GenerateAsync(request, ImagePriority.Interactive, finished, cancellation);
}

/// <summary>The figures of one run, with the same arrivals for both kinds of batching.</summary>
internal sealed record ServingRun(double OfflineImagesPerSecond, double SaturatedImagesPerSecond, Latency Static, Latency Continuous);
