using System.Diagnostics.CodeAnalysis;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Owns the one thread that owns a model: loads it, steps it, with images joining and leaving, until the queue closes, and frees it. <see cref="Start"/> and
/// <see cref="Abort"/> may come from any thread; everything from <see cref="Work"/> down runs on the worker thread alone.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A token source without a timer holds nothing to free, and a thread that did not finish may still touch it.")]
internal sealed partial class GenerationWorker(WorkerParts parts, ILogger<GenerationWorker> logger)
{
    private const string ThreadName = "ctf-generation";

    private readonly InferenceQueue _queue = parts.Queue;
    private readonly ModelState _state = parts.State;
    private readonly AdmissionScheduler _scheduler = parts.Scheduler;
    private readonly CancellationTokenSource _abort = new();
    private readonly TaskCompletionSource<LoadTimes> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the model is ready. Fails with what stopped it from loading, cancelled where it was given up.</summary>
    public Task<LoadTimes> Loaded => _loaded.Task;

    /// <summary>Completes when the thread has ended and the model's memory is free. Never fails.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Once.</summary>
    public void Start()
    {
        // A background thread, so that a generator that never returns cannot keep the process alive.
        new Thread(Work) { Name = ThreadName, IsBackground = true }.Start();
    }

    /// <summary>Ends loading, and fails what is not finished, at the next step.</summary>
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
        // The last stop before the process dies: readiness and liveness report it instead.
        catch (Exception error)
        {
            _state.BecomeCrashed($"{error.GetType().Name}; the log of the service has the details. Restart the service, or load a model anew.");
            Log.Crashed(logger, error);
        }
        finally
        {
            FailTheRest(); // before the model is freed, which may take long or fail
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

    /// <summary>Null where the model cannot be loaded; whoever waits for <see cref="Loaded"/> hears why.</summary>
    private IImageGenerator? TryLoad()
    {
        try
        {
            var (generator, times) = parts.Loader.Load(_abort.Token);
            _state.BecomeReady(generator.Model);
            _loaded.SetResult(times);
            return generator;
        }
        // Whatever a load that was given up ends with: no caller waits for it.
        catch (Exception) when (_abort.IsCancellationRequested)
        {
            _loaded.SetCanceled(_abort.Token);
            return null;
        }
        // Whatever stops a model from loading ends this worker, not the service.
        catch (Exception error)
        {
            _state.BecomeFailed(ModelLoader.Reason(error));
            _loaded.SetException(error);
            return null;
        }
    }

    /// <summary>
    /// Lets images leave and join. Blocks while there are none; false once the queue is closed and empty, or the shutdown budget is over.
    /// </summary>
    private bool PrepareStep(IImageGenerator generator)
    {
        while (!_abort.IsCancellationRequested)
        {
            TakeArrivals();
            _scheduler.DropUnwanted();
            parts.Runner.RemoveUnwanted(generator);
            while (_scheduler.Next(parts.Runner.Running(generator)) is { } job)
            {
                parts.Runner.Admit(generator, _scheduler, job);
            }

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

    /// <summary>Everything the worker still holds, wherever it is.</summary>
    private void FailTheRest()
    {
        _queue.Close();
        TakeArrivals();
        var failed = parts.Runner.FailAll(Ended) + _scheduler.FailAll(Ended);
        if (failed > 0)
        {
            Log.Unfinished(logger, failed);
        }
    }

    private ModelNotReadyException Ended() =>
        _state.Current is ModelStatus.Crashed ? new ModelNotReadyException(ModelStatus.Crashed.PublicReason) : ImageRunner.ShuttingDown();

    private void Free(IImageGenerator? generator)
    {
        try
        {
            generator?.Dispose();
        }
        // Nothing waits for the model any more, so only the operator is to be told.
        catch (Exception error)
        {
            Log.NotFreed(logger, error);
        }
    }
}

/// <summary>What the worker drives.</summary>
internal sealed record WorkerParts(InferenceQueue Queue, ModelState State, AdmissionScheduler Scheduler, ImageRunner Runner, ModelLoader Loader, InferenceMetrics Metrics);
