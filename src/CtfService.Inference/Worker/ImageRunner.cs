using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Runs the admitted images: adds them to the generator, steps it and completes each of them. A failed step fails its images only; the worker continues.
/// Call from the worker thread only.
/// </summary>
internal sealed partial class ImageRunner(
    StageCostEstimator estimator, StepCircuitBreaker breaker, InferenceMetrics metrics, TimeProvider clock, ILogger<ImageRunner> logger)
{
    private readonly Dictionary<long, InferenceJob> _running = [];
    private readonly RowLimit _rowLimit = new();
    private long _lastId;
    private int _allRows;

    public int Count => _running.Count;

    /// <summary>Prepares for a generator without images.</summary>
    /// <param name="rows">Rows of the decode step of the generator.</param>
    public void Begin(int rows) => _allRows = rows;

    /// <summary>Returns the counts of the running images and the rows that further images may take.</summary>
    public RunningImages Running(IImageGenerator generator)
    {
        var (rows, drawn) = (0, 0);
        foreach (var job in _running.Values)
        {
            rows += job.Specification.Rows;
            drawn += job.Specification.Rows > 0 ? 1 : 0;
        }

        return new RunningImages(_rowLimit.FreeRows(generator.FreeRows, rows), drawn, _running.Count - drawn);
    }

    /// <summary>Adds an image to the generator. If the generator rejects it, that image alone fails.</summary>
    /// <param name="waiting">Fails its images if too many calls in a row have failed.</param>
    public void Admit(IImageGenerator generator, AdmissionScheduler waiting, InferenceJob job)
    {
        var id = ++_lastId;
        _running.Add(id, job); // first, so that the image is completed no matter what throws
        job.MarkStarted(clock.GetUtcNow());
        try
        {
            generator.Admit(id, job.Specification, job.PreviewsLeft());
        }
        // Any error affects this image only; a broken device fails the next step too, and then the circuit breaker opens.
        catch (Exception error)
        {
            Log.NotTaken(logger, error);
            _running.Remove(id);
            job.Fail(new GenerationFailedException("This image could not be started. The service log has the details.", error));
            generator.Remove(id);
            CountFailure(waiting, error);
        }
    }

    /// <summary>Removes the images that no caller waits for and frees their rows.</summary>
    public void RemoveUnwanted(IImageGenerator generator)
    {
        foreach (var (id, job) in _running)
        {
            if (!job.IsWanted)
            {
                generator.Remove(id);
                job.Cancel();
                _running.Remove(id);
            }
        }
    }

    /// <summary>Runs one step of all images.</summary>
    /// <param name="waiting">Gets back the images that did not fit together with the others and must restart; their seeds make them identical.</param>
    /// <param name="abort">Cancelled when the shutdown budget is used up: running images fail.</param>
    public void Step(IImageGenerator generator, AdmissionScheduler waiting, CancellationToken abort)
    {
        var started = clock.GetUtcNow();
        try
        {
            var outcomes = generator.Advance(abort);
            UpdateBreaker(waiting, outcomes); // before any caller gets them
            Complete(generator, outcomes, started);
            estimator.Measure(generator.LastStep);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            FailStep(generator, ShuttingDown);
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
        catch (Exception error)
        {
            Log.Failed(logger, _running.Count, error);
            CountFailure(waiting, error);
            FailStep(generator, () => CallerErrors.StepFailed(error));
        }

        waiting.StepEnded(generator.LastStep);
        metrics.StepEnded(generator.LastStep);
    }

    public static ModelNotReadyException ShuttingDown() => new(
        "The service shut down before this image was finished (Inference:ShutdownBudget). Send the request to another instance or try again later.",
        CallerErrors.SoonReady);

    /// <summary>Fails all running images without removing them from the generator.</summary>
    /// <param name="error">Creates one exception for each image, because several callers throw them at the same time.</param>
    /// <returns>The number of images.</returns>
    public int FailAll(Func<Exception> error)
    {
        var count = _running.Count;
        foreach (var job in _running.Values)
        {
            job.Fail(error());
        }

        _running.Clear();
        return count;
    }

    /// <summary>Counts a step in which images ended as progress or as a failure.</summary>
    private void UpdateBreaker(AdmissionScheduler waiting, IReadOnlyList<GenerationOutcome> outcomes)
    {
        if (outcomes.Count == 0)
        {
            return;
        }

        if (outcomes.All(outcome => outcome.Error is not null))
        {
            CountFailure(waiting, outcomes[0].Error!);
        }
        else if (breaker.Finished())
        {
            Log.WorksAgain(logger);
        }
    }

    /// <summary>Counts a failure. If too many steps have failed, the waiting images fail too, because they would meet the same error.</summary>
    private void CountFailure(AdmissionScheduler waiting, Exception error)
    {
        if (breaker.Failed())
        {
            Log.KeepsFailing(logger, waiting.FailAll(breaker.Refused), error);
        }
    }

    /// <summary>Fails the images of a step, then frees their rows.</summary>
    private void FailStep(IImageGenerator generator, Func<Exception> error)
    {
        long[] ids = [.. _running.Keys];
        FailAll(error);
        foreach (var id in ids)
        {
            generator.Remove(id);
        }
    }

    private void Complete(IImageGenerator generator, IReadOnlyList<GenerationOutcome> outcomes, DateTimeOffset started)
    {
        if (outcomes.Count == 0)
        {
            return;
        }

        Log.Finished(logger, outcomes.Count, _running.Count - outcomes.Count);
        var batch = Trace(outcomes, started);
        foreach (var outcome in outcomes)
        {
            if (!_running.Remove(outcome.Id, out var job))
            {
                throw new InvalidOperationException($"The generator returned an image with the id {outcome.Id}, which was not admitted.");
            }

            if (outcome.Error is { } error)
            {
                Log.TooLarge(logger, 1, error);
                job.Fail(error);
            }
            else
            {
                job.Batch = batch;
                job.Succeed(outcome.Image!);
                _rowLimit.Finished(job.Specification.Rows, _allRows);
                metrics.ImageGenerated(generator.Model.Name);
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

        var traces = outcomes.Select(outcome => _running.GetValueOrDefault(outcome.Id)?.Trace).OfType<ActivityContext>().Distinct().ToList();
        return traces.Count == 0 ? null : Tracing.RecordBatch(started, outcomes.Count, traces);
    }

    /// <summary>
    /// Keeps the older half of the images and returns the younger half to restart, as often as needed: the oldest image always stays and finishes, so every
    /// image gets through. An image that does not fit alone fails.
    /// </summary>
    private void Split(IImageGenerator generator, AdmissionScheduler waiting, OutOfDeviceMemoryException tooLarge)
    {
        var leaving = _running.OrderBy(running => running.Key).Skip(_running.Count / 2).Reverse().ToList(); // a single image is removed and fails
        metrics.BatchSplit();
        Log.Splitting(logger, _running.Count, tooLarge.Message);
        foreach (var (id, job) in leaving)
        {
            generator.Remove(id);
            _running.Remove(id);
            if (_running.Count > 0)
            {
                job.MarkRestarted();
                waiting.PutBack(job); // the oldest last, so that it restarts first
            }
            else
            {
                Log.TooLarge(logger, 1, tooLarge);
                job.Fail(new OutOfDeviceMemoryException(
                    "The device has too little free memory for this image. Lower Inference:MaxBatchRows, or free memory on the device.", tooLarge));
            }
        }

        _rowLimit.Shrink(_running.Values.Sum(job => job.Specification.Rows));
    }
}
