using System.Diagnostics.CodeAnalysis;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Owns the thread that owns a model: loads it, steps it while images join and leave until the queue closes, and frees it. <see cref="Start"/> and
/// <see cref="Abort"/> are thread-safe; everything from <see cref="Work"/> down runs on the worker thread only.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A token source without a timer holds nothing to free, and a thread that did not finish may still use it.")]
internal sealed partial class GenerationWorker(WorkerParts parts, ILogger<GenerationWorker> logger)
{
    private const string ThreadName = "ctf-generation";

    private readonly InferenceQueue _queue = parts.Queue;
    private readonly ModelState _state = parts.State;
    private readonly AdmissionScheduler _scheduler = parts.Scheduler;
    private readonly CancellationTokenSource _abort = new();
    private readonly TaskCompletionSource<LoadTimes> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the model is ready. Fails with the error of the load; cancelled if it was aborted.</summary>
    public Task<LoadTimes> Loaded => _loaded.Task;

    /// <summary>Completes when the thread has ended and the memory of the model is free. Never fails.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Starts the thread. Call once.</summary>
    public void Start()
    {
        // A background thread, so that a generator that never returns cannot keep the process alive.
        new Thread(Work) { Name = ThreadName, IsBackground = true }.Start();
    }

    /// <summary>Aborts loading, and fails all unfinished images at the next step.</summary>
    public void Abort()
    {
        _abort.Cancel();
        _queue.Wake();
    }

    private void Work()
    {
        IImageGenerator? generator = null;
        try
        {
            generator = TryLoad();
            if (generator is not null)
            {
                Run(generator);
            }
        }
        // Otherwise the process would crash; readiness and liveness report it instead.
        catch (Exception error)
        {
            _state.BecomeCrashed($"{error.GetType().Name}; the service log has the details. Restart the service or load a model.");
            Log.Crashed(logger, error);
        }
        finally
        {
            FailRemaining(); // before the model is freed, which may take long or fail
            Free(generator);
            _finished.SetResult();
        }
    }

    private void Run(IImageGenerator generator)
    {
        var rows = generator.FreeRows;
        parts.Runner.Begin(rows);
        parts.Metrics.GeneratorStarted(rows);
        try
        {
            while (PrepareStep(generator))
            {
                parts.Runner.Step(generator, _scheduler, _abort.Token);
            }
        }
        finally
        {
            parts.Metrics.GeneratorEnded(rows);
        }
    }

    /// <summary>Loads the model. Returns null if that fails; <see cref="Loaded"/> has the error.</summary>
    private IImageGenerator? TryLoad()
    {
        try
        {
            var (generator, times) = parts.Loader.Load(_abort.Token);
            _state.BecomeReady(generator.Model);
            _loaded.SetResult(times);
            return generator;
        }
        // Any error of an aborted load: no caller waits for it.
        catch (Exception) when (_abort.IsCancellationRequested)
        {
            _loaded.SetCanceled(_abort.Token);
            return null;
        }
        // A failed load ends this worker, not the service.
        catch (Exception error)
        {
            _state.BecomeFailed(CallerErrors.LoadReason(error));
            _loaded.SetException(error);
            return null;
        }
    }

    /// <summary>
    /// Removes and admits images before a step. Blocks while there are none. Returns false once the queue is closed and empty, or the worker is aborted.
    /// </summary>
    private bool PrepareStep(IImageGenerator generator)
    {
        while (!_abort.IsCancellationRequested)
        {
            TakeArrivals();
            if (_queue.BulkHasEnded)
            {
                _scheduler.FailBulk(CallerErrors.BulkEnded);
                parts.Runner.FailBulk(generator, CallerErrors.BulkEnded);
            }

            _scheduler.DropUnwanted();
            parts.Runner.RemoveUnwanted(generator);
            parts.Runner.AdmitWaiting(generator, _scheduler);

            if (parts.Runner.Count > 0)
            {
                return true;
            }

            if (_scheduler.IsEmpty && _queue.IsFinished)
            {
                return false;
            }

            _queue.WaitForJobs();
        }

        return false;
    }

    private void TakeArrivals()
    {
        foreach (var job in _queue.TakeArrivals())
        {
            _scheduler.Add(job);
        }
    }

    /// <summary>Fails all images that the worker still holds.</summary>
    private void FailRemaining()
    {
        _queue.Close();
        TakeArrivals();
        var failed = parts.Runner.FailAll(EndedError) + _scheduler.FailAll(EndedError);
        if (failed > 0)
        {
            Log.Unfinished(logger, failed);
        }
    }

    private ModelNotReadyException EndedError() =>
        _state.Current is ModelStatus.Crashed ? new ModelNotReadyException(ModelStatus.Crashed.PublicReason) : ImageRunner.ShuttingDown();

    private void Free(IImageGenerator? generator)
    {
        try
        {
            generator?.Dispose();
        }
        // No caller waits for the model any more, so it is only logged.
        catch (Exception error)
        {
            Log.NotFreed(logger, error);
        }
    }
}

/// <summary>Components of a worker.</summary>
internal sealed record WorkerParts(
    InferenceQueue Queue, ModelState State, AdmissionScheduler Scheduler, ImageRunner Runner, ModelLoader Loader, InferenceMetrics Metrics);
