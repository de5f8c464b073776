using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Owns the one thread that owns the model: loads it, then takes batches until the queue closes. Start and stop are the host's and
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
    private readonly BatchScheduler _scheduler = parts.Scheduler;
    private readonly CancellationTokenSource _giveUp = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _stop = new();
    private ITimer? _budget; // under _stop

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
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
                _state.BecomeReady(generator.Model);
                while (NextBatch() is { } batch)
                {
                    parts.Runner.Run(generator, batch, _giveUp.Token);
                    _queue.CountFinished();
                }
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

    /// <summary>Blocks until a batch is due. Null once the queue is closed and empty, or the shutdown budget is over.</summary>
    private IReadOnlyList<InferenceJob>? NextBatch()
    {
        while (!_giveUp.IsCancellationRequested)
        {
            TakeArrivals();
            _queue.CountDropped(_scheduler.DropUnwanted());
            if (_scheduler.Next() is { } batch)
            {
                _queue.CountStarted(batch.Count);
                return batch;
            }

            if (_scheduler.IsEmpty && _queue.IsFinished)
            {
                return null;
            }

            _queue.WaitForJobs(_scheduler.TimeUntilDue());
        }

        return null;
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
            : BatchRunner.ShuttingDown());
        if (failed > 0)
        {
            Log.Unfinished(logger, failed);
        }
    }
}

/// <summary>What the worker drives.</summary>
internal sealed record WorkerParts(InferenceQueue Queue, ModelState State, BatchScheduler Scheduler, BatchRunner Runner, ModelLoader Loader);
