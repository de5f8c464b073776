using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// The images that run: takes them into the generator, steps it, and completes each, whatever happens. A failed step fails the images that were in it; the
/// worker lives on. Worker thread only.
/// </summary>
internal sealed partial class ImageRunner(StageCostEstimator estimator, StepCircuitBreaker breaker, InferenceMetrics metrics, TimeProvider clock, ILogger<ImageRunner> logger)
{
    private readonly Dictionary<long, InferenceJob> _running = [];
    private readonly RowLimit _rowLimit = new();
    private long _lastId;
    private int _allRows;

    public int Count => _running.Count;

    /// <summary>A generator comes, with nothing in it.</summary>
    /// <param name="rows">Rows of its decode step.</param>
    public void Begin(int rows) => _allRows = rows;

    /// <summary>What runs, and what may join it.</summary>
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

    /// <summary>Takes an image into the generator. One that the generator does not take fails alone: those that run are none the worse for it.</summary>
    /// <param name="waiting">Gives up its images if too many calls have failed one after another.</param>
    public void Admit(IImageGenerator generator, AdmissionScheduler waiting, InferenceJob job)
    {
        var id = ++_lastId;
        _running.Add(id, job); // first: whatever throws, the image must not be forgotten
        job.MarkStarted(clock.GetUtcNow());
        try
        {
            generator.Admit(id, job.Specification, job.PreviewsLeft());
        }
        // Whatever it is, it concerns this image; a device that is broken fails the next step too, and then the breaker acts.
        catch (Exception error)
        {
            Log.NotTaken(logger, error);
            _running.Remove(id);
            job.Fail(new GenerationFailedException("This image could not be started. The log of the service has the details.", error));
            generator.Remove(id);
            CountFailure(waiting, error);
        }
    }

    /// <summary>Frees the rows of images that no caller waits for any more.</summary>
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

    /// <summary>One step of all images.</summary>
    /// <param name="waiting">Gets the images back that did not fit beside the others and must start again; their seeds make them the same.</param>
    /// <param name="abort">The shutdown budget is over: what runs fails by name.</param>
    public void Step(IImageGenerator generator, AdmissionScheduler waiting, CancellationToken abort)
    {
        var started = clock.GetUtcNow();
        try
        {
            var outcomes = generator.Advance(abort);
            Judge(waiting, outcomes); // before anybody hears of them
            Complete(generator, outcomes, started);
            estimator.Measure(generator.LastStep);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            FailStep(generator, ShuttingDown);
        }
        catch (OutOfDeviceMemoryException tooLarge)
        {
            if (_running.Count == 1) // which fails
            {
                CountFailure(waiting, tooLarge);
            }

            Split(generator, waiting, tooLarge);
        }
        // Whatever a model throws concerns the images of this step only; the worker must live on for the next.
        catch (Exception error)
        {
            Log.Failed(logger, _running.Count, error);
            CountFailure(waiting, error);
            FailStep(generator, () => new GenerationFailedException("The step that held this image failed. The log of the service has the details.", error));
        }

        waiting.StepEnded(generator.LastStep);
        metrics.StepEnded(generator.LastStep);
    }

    public static ModelNotReadyException ShuttingDown() => new(
        "The service shut down before this image was finished (Inference:ShutdownBudget). Send the request to another instance or try again later.",
        ModelState.SoonReady);

    /// <summary>Gives up everything that runs, without a word to the generator. Returns how many images that were.</summary>
    /// <param name="error">One exception each: several callers throw them at the same time.</param>
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

    /// <summary>Whether a step made progress or failed, if images ended in it.</summary>
    private void Judge(AdmissionScheduler waiting, IReadOnlyList<GenerationOutcome> outcomes)
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

    /// <summary>If too many steps have failed, what waits would fail as well.</summary>
    private void CountFailure(AdmissionScheduler waiting, Exception error)
    {
        if (breaker.Failed())
        {
            Log.KeepsFailing(logger, waiting.FailAll(breaker.Refused), error);
        }
    }

    /// <summary>Fails the images of a step, and then frees their rows for those that follow.</summary>
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

    /// <summary>The span of images that end together, where more than one does and one of them is traced.</summary>
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
    /// Keeps the older half and gives back the younger one to start again, however often that is: the oldest stays and ends, so each gets through. An image
    /// that does not fit alone fails.
    /// </summary>
    private void Split(IImageGenerator generator, AdmissionScheduler waiting, OutOfDeviceMemoryException tooLarge)
    {
        var leaving = _running.OrderBy(running => running.Key).Skip(_running.Count / 2).Reverse().ToList(); // a single image leaves and fails
        metrics.BatchSplit();
        Log.Splitting(logger, _running.Count, tooLarge.Message);
        foreach (var (id, job) in leaving)
        {
            generator.Remove(id);
            _running.Remove(id);
            if (_running.Count > 0)
            {
                job.MarkRestarted();
                waiting.PutBack(job); // the oldest last, so that it comes first
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
