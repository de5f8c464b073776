using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Owns the one thread that owns the model: loads it, then steps it, with images joining and leaving, until the queue closes. Start and stop are the host's and
/// may come from any thread; everything from <see cref="Work"/> down runs on the worker thread alone.
/// </summary>
internal sealed partial class GenerationWorker(
    WorkerParts parts,
    InferenceOptions options,
    TimeProvider clock,
    ILogger<GenerationWorker> logger) : IHostedLifecycleService, IDisposable
{
    private const string ThreadName = "ctf-generation";

    private readonly InferenceQueue _queue = parts.Queue;
    private readonly ModelState _state = parts.State;
    private readonly AdmissionScheduler _scheduler = parts.Scheduler;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _stop = new();
    private ITimer? _budget; // under _stop

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        parts.Metrics.ObserveModel(_state);

        // A background thread, so that a generator that never returns cannot keep the process alive.
        new Thread(Work) { Name = ThreadName, IsBackground = true }.Start();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs before the web server stops, so that new requests already hear of it while old ones finish.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        lock (_stop)
        {
            if (_budget is null)
            {
                Log.Stopping(logger, options.ShutdownBudget);
                if (_state.Current is ModelStatus.Loading)
                {
                    GiveUp(); // nothing was admitted yet, so there is nothing to finish
                }

                _state.BecomeStopping();
                _queue.Close();
                _budget = clock.CreateTimer(_ => GiveUp(), state: null, options.ShutdownBudget, Timeout.InfiniteTimeSpan);
            }
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await StoppingAsync(cancellationToken).ConfigureAwait(false);
        using var hurry = cancellationToken.UnsafeRegister(_ => GiveUp(), state: null);
        await _finished.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_finished.Task.IsCompleted)
        {
            Log.DidNotFinish(logger, ThreadName);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Leaves the token source to the collector: the timer or a thread that did not finish may still touch it.</summary>
    public void Dispose() => _budget?.Dispose();

    private void GiveUp()
    {
        _giveUp.Cancel();
        _queue.Wake();
    }

    private void Work()
    {
        try
        {
            using var generator = TryLoad();
            if (generator is not null)
            {
                Run(generator);
            }
        }
        // The last stop before the process dies: readiness and liveness report it instead.
        catch (Exception error)
        {
            Log.Crashed(logger, error);
            _state.BecomeCrashed($"{error.GetType().Name}; the log of the service has the details. Restart the service.");
        }
        finally
        {
            FailTheRest();
            _finished.SetResult();
        }
    }

    private void Run(IImageGenerator generator)
    {
        var rows = generator.FreeRows;
        parts.Metrics.GeneratorStarted(rows);
        try
        {
            _state.BecomeReady(generator.Model);
            while (PrepareStep(generator))
            {
                Step(generator);
            }

            parts.Runner.FailAll(generator, ImageRunner.ShuttingDown); // none, unless the budget is over
        }
        finally
        {
            parts.Metrics.GeneratorEnded(rows);
        }
    }

    /// <summary>Null where the model cannot be loaded: the process stays up and says why.</summary>
    private IImageGenerator? TryLoad()
    {
        try
        {
            return parts.Loader.Load(_giveUp.Token);
        }
        catch (OperationCanceledException) when (_giveUp.IsCancellationRequested)
        {
            return null;
        }
        // Whatever stops a model from loading must end in a readiness that says so.
        catch (Exception error)
        {
            Log.LoadFailed(logger, error);
            _state.BecomeFailed(ModelLoader.Reason(error));
            return null;
        }
    }

    /// <summary>
    /// Lets images leave and join. Blocks while there are none; false once the queue is closed and empty, or the shutdown budget is over.
    /// </summary>
    private bool PrepareStep(IImageGenerator generator)
    {
        while (!_giveUp.IsCancellationRequested)
        {
            TakeArrivals();
            _queue.Count(waiting: -_scheduler.DropUnwanted(), running: -parts.Runner.RemoveUnwanted(generator));
            while (_scheduler.Next(parts.Runner.FreeRows(generator)) is { } job)
            {
                parts.Runner.Admit(generator, job);
                _queue.Count(waiting: -1, running: 1);
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

    private void Step(IImageGenerator generator)
    {
        var ended = parts.Runner.Step(generator, _giveUp.Token, out var restart);
        _scheduler.PutBack(restart);
        _queue.Count(waiting: restart.Count, running: -ended);
    }

    private void TakeArrivals()
    {
        foreach (var job in _queue.TakeArrivals())
        {
            _scheduler.Add(job);
        }
    }

    private void FailTheRest()
    {
        _queue.Close();
        TakeArrivals();
        var failed = _scheduler.FailAll(() => _state.Current is ModelStatus.Crashed crashed
            ? new ModelNotReadyException($"The generation worker stopped: {crashed.Reason}")
            : ImageRunner.ShuttingDown());
        if (failed > 0)
        {
            Log.Unfinished(logger, failed);
        }
    }
}

/// <summary>What the worker drives.</summary>
internal sealed record WorkerParts(InferenceQueue Queue, ModelState State, AdmissionScheduler Scheduler, ImageRunner Runner, ModelLoader Loader, InferenceMetrics Metrics);
