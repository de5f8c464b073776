using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Runs the admitted images of a device: adds them to the generator, steps it and completes each of them. A failed step fails its images only, or lets another
/// device start them again; the worker continues. Call from the worker thread only.
/// </summary>
/// <param name="share">The device as the scheduler sees it.</param>
/// <param name="interactiveRows"><see cref="InferenceOptions.InteractiveRows"/>.</param>
internal sealed partial class ImageRunner(
    StepReceivers receivers, DeviceShare share, int interactiveRows, TimeProvider clock, ILogger<ImageRunner> logger)
{
    private readonly RunningJobs _running = new(interactiveRows);
    private InFlightDevice _device = null!; // set by Begin

    public int Count => _running.Count;

    /// <summary>Prepares for a generator without images.</summary>
    public void Begin(InFlightDevice device)
    {
        _device = device;
        _running.Begin(device.Rows);
    }

    /// <summary>Adds the waiting images that may start to the generator.</summary>
    public void AdmitWaiting(IImageGenerator generator, AdmissionScheduler waiting)
    {
        while (true)
        {
            if (waiting.Next(share, _running.Read(generator)) is not { } job)
            {
                return;
            }

            Admit(generator, waiting, job);
        }
    }

    /// <summary>Adds an image to the generator. If the generator rejects it, that image alone fails.</summary>
    /// <param name="waiting">
    /// Gets back images of a lower priority whose rows the image takes. Fails its images if too many calls in a row have failed.
    /// </param>
    private void Admit(IImageGenerator generator, AdmissionScheduler waiting, InferenceJob job)
    {
        if (job.Level < job.Priority)
        {
            receivers.Metrics.ImageOvertakes();
        }

        receivers.Metrics.RowsTaken(_running.MakeRoom(generator, waiting, job));
        var id = _running.Add(job); // first, so that the image is completed no matter what throws
        job.MarkStarted(clock.GetSteadyNow(), share.Name);
        try
        {
            generator.Admit(id, job.Specification, job.PreviewsLeft(), job.Level);
        }
        // Any error affects this image only; a broken device fails the next step too, and then the circuit breaker opens.
        catch (Exception error)
        {
            Log.NotTaken(logger, error);
            _running.Take(id);
            MoveOrFail(waiting, job, new GenerationFailedException("This image could not be started. The service log has the details.", error));
            generator.Remove(id);
            CountFailure(waiting, error);
        }
    }

    /// <summary>Removes the images that no caller waits for and frees their rows.</summary>
    public void RemoveUnwanted(IImageGenerator generator)
    {
        foreach (var id in _running.Unwanted() ?? [])
        {
            generator.Remove(id);
            _running.Take(id)!.Cancel();
        }
    }

    /// <summary>Fails the bulk images and frees their rows.</summary>
    public void FailBulk(IImageGenerator generator, Func<Exception> error)
    {
        if (_running.BulkCount > 0)
        {
            Fail(generator, _running.IdsOf(ImagePriority.Bulk), job => job.Fail(error()));
        }
    }

    /// <summary>Runs one step of the images of the highest priority.</summary>
    /// <param name="waiting">Gets back the images that did not fit together with the others and must restart; their seeds make them identical.</param>
    /// <param name="abort">Cancelled when the shutdown budget is used up: running images fail.</param>
    public void Step(IImageGenerator generator, AdmissionScheduler waiting, CancellationToken abort)
    {
        var (started, priority) = (clock.GetSteadyNow(), _running.Priority);
        try
        {
            var outcomes = generator.Advance(abort);
            UpdateBreaker(waiting, outcomes); // before any caller gets them
            Complete(generator, waiting, outcomes, started);
            receivers.Estimator.Measure(generator.LastStep);
            if (generator.LastStep.RepeatedAfter is { } first)
            {
                Log.Repeated(logger, share.Name, first);
            }
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            Fail(generator, All(), job => job.Fail(ShuttingDown()));
        }
        catch (OutOfDeviceMemoryException tooLarge)
        {
            if (_running.Count == 1) // a single image fails
            {
                CountFailure(waiting, tooLarge);
            }

            Split(generator, waiting, tooLarge);
        }
        // Any error of the model affects the images of this step only; the worker continues with the next.
        catch (Exception error) when (error is not DeviceFailedException)
        {
            PutBackPaused(generator, waiting);
            Log.Failed(logger, _running.Count, share.Name, error);
            CountFailure(waiting, error);
            Fail(generator, _running.IdsOf(priority), job => MoveOrFail(waiting, job, CallerErrors.StepFailed(error)));
        }

        share.StepEnded(generator.LastStep, priority);
        receivers.Metrics.StepEnded(_device, generator.LastStep);
    }

    public static ModelNotReadyException ShuttingDown() => new(
        "The service shut down before this image was finished (Inference:ShutdownBudget). Send the request to another instance or try again later.",
        CallerErrors.SoonReady);

    /// <summary>Fails all running images without removing them from the generator.</summary>
    /// <param name="error">Creates one exception for each image, because several callers throw them at the same time.</param>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error)
    {
        var ids = All();
        ids.ForEach(id => _running.Take(id)!.Fail(error()));
        return ids.Count;
    }

    /// <inheritdoc cref="RunningJobs.FailFromOutside"/>
    public int FailFromOutside(Func<Exception> error) => _running.FailFromOutside(error);

    /// <summary>Lets other devices start all running images again, because this device has failed. Does not touch the generator.</summary>
    /// <returns>The number of images that start again, and of those that cannot.</returns>
    public (int Moved, int Failed) MoveAll(AdmissionScheduler waiting, Exception failure)
    {
        var ids = All();
        ids.Reverse(); // the oldest last, so that it starts first
        var moved = ids.Count(id =>
        {
            var job = _running.Take(id)!;
            return MoveOrFail(waiting, job, CallerErrors.DeviceFailed(share.Name, job.FailedOn?.Name, failure));
        });
        return (moved, ids.Count - moved);
    }

    private List<long> All() => [.. Enum.GetValues<ImagePriority>().SelectMany(_running.IdsOf)];

    /// <summary>Lets another device start an image again that failed here, or fails it.</summary>
    /// <returns>True if it starts again.</returns>
    private bool MoveOrFail(AdmissionScheduler waiting, InferenceJob job, Exception error)
    {
        if (waiting.TryRestart(job, share))
        {
            Log.Moved(logger, share.Name);
            receivers.Metrics.ImageMoved(_device);
            return true;
        }

        job.Fail(error);
        return false;
    }

    /// <summary>
    /// Counts a step in which images ended as progress or as a failure. An image that failed while others went through is neither: the device works, and no
    /// caller can take it out of service.
    /// </summary>
    private void UpdateBreaker(AdmissionScheduler waiting, IReadOnlyList<GenerationOutcome> outcomes)
    {
        if (outcomes.Count == 0)
        {
            return;
        }

        if (outcomes.All(outcome => outcome.Error is not null))
        {
            if (outcomes.FirstOrDefault(outcome => !outcome.OthersWorked) is { } failed)
            {
                CountFailure(waiting, failed.Error!);
            }
        }
        else if (receivers.Breaker.Finished())
        {
            Log.WorksAgain(logger);
        }
    }

    /// <summary>
    /// Counts a failure. If too many steps have failed, the device leaves the others; the last device stays, and the waiting images fail too, because they
    /// would meet the same error.
    /// </summary>
    /// <exception cref="DeviceFailedException">Other devices serve, and this one must leave.</exception>
    private void CountFailure(AdmissionScheduler waiting, Exception error)
    {
        receivers.Metrics.StepFailed(_device);
        if (receivers.Breaker.Failed())
        {
            if (waiting.HasOther(share))
            {
                throw new DeviceFailedException(receivers.Breaker.Reason, error);
            }

            receivers.Breaker.Open();
            Log.KeepsFailing(logger, waiting.FailAll(receivers.Breaker.Refused), error);
        }
    }

    /// <summary>Ends images, then frees their rows.</summary>
    /// <param name="ids">The oldest first; reversed by the call.</param>
    /// <param name="end">Fails an image, or lets another device start it again.</param>
    private void Fail(IImageGenerator generator, List<long> ids, Action<InferenceJob> end)
    {
        ids.Reverse(); // the oldest last, so that it starts again first
        ids.ForEach(id => end(_running.Take(id)!));
        ids.ForEach(generator.Remove);
    }

    /// <summary>Lets the images that paused during a step wait again: its failure must not cost them more than their progress.</summary>
    /// <returns>True if there were any.</returns>
    private bool PutBackPaused(IImageGenerator generator, AdmissionScheduler waiting)
    {
        List<long> paused = [.. Enum.GetValues<ImagePriority>().Where(level => level > _running.Priority).SelectMany(_running.IdsOf)];
        _running.PutBack(generator, waiting, paused);
        return paused.Count > 0;
    }

    private void Complete(IImageGenerator generator, AdmissionScheduler waiting, IReadOnlyList<GenerationOutcome> outcomes, DateTimeOffset started)
    {
        if (outcomes.Count == 0)
        {
            return;
        }

        Log.Finished(logger, outcomes.Count, _running.Count - outcomes.Count);
        var batch = Trace(outcomes, started);
        foreach (var outcome in outcomes)
        {
            var job = _running.Take(outcome.Id)
                ?? throw new InvalidOperationException($"The generator returned an image with the id {outcome.Id}, which was not admitted.");
            if (outcome.Error is { } error)
            {
                if (error is OutOfDeviceMemoryException)
                {
                    Log.TooLarge(logger, 1, error);
                }
                else
                {
                    Log.ImageFailed(logger, share.Name, error);
                }

                MoveOrFail(waiting, job, CallerErrors.OfImage(error));
            }
            else
            {
                job.Batch = batch;
                job.Succeed(outcome.Image!);
                _running.Finished(job);
                receivers.Metrics.ImageGenerated(generator.Model.Name, job.Priority);
            }
        }
    }

    /// <summary>Records the span of images that end together, if there are several and at least one is traced.</summary>
    private ActivityContext? Trace(IReadOnlyList<GenerationOutcome> outcomes, DateTimeOffset started)
    {
        if (outcomes.Count == 1)
        {
            return null;
        }

        var traces = outcomes.Select(outcome => _running[outcome.Id]?.Trace).OfType<ActivityContext>().Distinct().ToList();
        return traces.Count == 0 ? null : Tracing.RecordBatch(started, outcomes.Count, traces);
    }

    /// <summary>
    /// Returns the images that paused to restart; without any, keeps the older half of the images and returns the younger half, as often as needed: the oldest
    /// image always stays and finishes, so every image gets through. An image that does not fit alone fails.
    /// </summary>
    private void Split(IImageGenerator generator, AdmissionScheduler waiting, OutOfDeviceMemoryException tooLarge)
    {
        receivers.Metrics.BatchSplit(_device);
        Log.Splitting(logger, _running.Count, tooLarge.Message);
        if (_running.Count == 1)
        {
            Log.TooLarge(logger, 1, tooLarge);
            var error = new OutOfDeviceMemoryException(
                "The device has too little free memory for this image. Lower Inference:MaxBatchRows, or free memory on the device.", tooLarge);
            Fail(generator, All(), job => MoveOrFail(waiting, job, error));
        }
        else if (!PutBackPaused(generator, waiting))
        {
            _running.PutBack(generator, waiting, [.. _running.IdsOf(_running.Priority).Skip(_running.Count / 2)]);
        }

        _running.LimitRows();
    }
}

/// <summary>Receivers of the outcome of each step.</summary>
internal sealed record StepReceivers(StageCostEstimator Estimator, StepCircuitBreaker Breaker, InferenceMetrics Metrics);
