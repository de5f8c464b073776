using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Runs one batch and completes its jobs, whatever happens: a failed batch fails its own jobs only. Worker thread only.
/// </summary>
internal sealed partial class BatchRunner(GenerationPace pace, TimeProvider clock, ILogger<BatchRunner> logger)
{
    /// <param name="giveUp">The shutdown budget is over: what runs fails by name.</param>
    public void Run(IImageGenerator generator, IReadOnlyList<InferenceJob> jobs, CancellationToken giveUp)
    {
        var now = clock.GetUtcNow();
        foreach (var job in jobs)
        {
            job.MarkStarted(now);
        }

        if (TryRun(generator, jobs, giveUp) is not { } tooLarge)
        {
            return;
        }

        // Halves once: a batch that still does not fit is more than this device can ever take.
        if (jobs.Count > 1)
        {
            Log.Splitting(logger, jobs.Count, tooLarge.Message);
            var half = (jobs.Count + 1) / 2;
            RunHalf(generator, [.. jobs.Take(half)], giveUp);
            RunHalf(generator, [.. jobs.Skip(half)], giveUp);
        }
        else
        {
            FailTooLarge(jobs, tooLarge);
        }
    }

    public static ModelNotReadyException ShuttingDown() => new(
        "The service shut down before this image was finished (Inference:ShutdownBudget). Send the request to another instance or try again later.");

    private void RunHalf(IImageGenerator generator, IReadOnlyList<InferenceJob> jobs, CancellationToken giveUp)
    {
        if (TryRun(generator, jobs, giveUp) is { } tooLarge)
        {
            FailTooLarge(jobs, tooLarge);
        }
    }

    /// <summary>Completes every job, unless the batch needs more memory than there is: then returns the report and completes none.</summary>
    private OutOfDeviceMemoryException? TryRun(IImageGenerator generator, IReadOnlyList<InferenceJob> jobs, CancellationToken giveUp)
    {
        using var cancellation = new BatchCancellation(jobs, giveUp);
        var started = clock.GetTimestamp();
        try
        {
            var images = generator.Generate([.. jobs.Select(job => job.Specification)], cancellation.Token);
            var elapsed = clock.GetElapsedTime(started);
            pace.Measure(jobs.Count, elapsed);
            Log.Finished(logger, jobs.Count, elapsed);
            Complete(jobs, images);
        }
        catch (OutOfDeviceMemoryException tooLarge)
        {
            return tooLarge;
        }
        catch (OperationCanceledException) when (cancellation.Token.IsCancellationRequested)
        {
            Log.Cancelled(logger, jobs.Count);
            Withdraw(jobs);
        }
        // Whatever a model throws concerns this batch only; the worker must live on for the next.
        catch (Exception error)
        {
            Log.Failed(logger, jobs.Count, error);
            Fail(jobs, () => new GenerationFailedException("The batch that held this image failed. The log of the service has the details.", error));
        }

        return null;
    }

    private static void Complete(IReadOnlyList<InferenceJob> jobs, IReadOnlyList<GeneratedImage> images)
    {
        if (images.Count != jobs.Count)
        {
            throw new InvalidOperationException($"The generator returned {images.Count} images for a batch of {jobs.Count}.");
        }

        for (var i = 0; i < jobs.Count; i++)
        {
            jobs[i].Succeed(images[i]);
        }
    }

    /// <summary>Abandoned jobs are cancelled; wanted ones were stopped by the shutdown.</summary>
    private static void Withdraw(IReadOnlyList<InferenceJob> jobs)
    {
        foreach (var job in jobs)
        {
            if (job.IsWanted)
            {
                job.Fail(ShuttingDown());
            }
            else
            {
                job.Cancel();
            }
        }
    }

    private void FailTooLarge(IReadOnlyList<InferenceJob> jobs, OutOfDeviceMemoryException tooLarge)
    {
        Log.TooLarge(logger, jobs.Count, tooLarge);
        var message = $"The device has too little free memory for {jobs.Count} image(s) at once. Lower Inference:MaxBatchRows, or free memory on the device.";
        Fail(jobs, () => new OutOfDeviceMemoryException(message, tooLarge));
    }

    /// <summary>One exception each: several callers throw them at the same time.</summary>
    private static void Fail(IReadOnlyList<InferenceJob> jobs, Func<Exception> error)
    {
        foreach (var job in jobs)
        {
            job.Fail(error());
        }
    }
}
