using System.Diagnostics.CodeAnalysis;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

/// <summary>
/// Owns the thread of a device, which owns a copy of the model: loads it, steps it while images join and leave until the queue closes, and frees it.
/// <see cref="Start"/>, <see cref="Abort"/>, <see cref="FailFromOutside"/> and <see cref="EndHanging"/> are thread-safe; everything from
/// <see cref="Work"/> down runs on the worker thread only.
/// </summary>
[SuppressMessage(
    "Design", "CA1001", Justification = "A token source without a timer holds nothing to free, and a thread that did not finish may still use it.")]
internal sealed partial class GenerationWorker(DeviceParts parts, InstanceParts instance, ILogger<GenerationWorker> logger)
{
    private const string ThreadName = "ctf-generation";

    private readonly InferenceQueue _queue = instance.Queue;
    private readonly AdmissionScheduler _scheduler = instance.Scheduler;
    private readonly CancellationTokenSource _abort = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile InFlightDevice? _device; // while the model runs
    private volatile bool _hasLeft; // because a step hung
    private long _hangingStep; // the last one that EndHanging ended

    public DeviceReport Device => parts.State.Current;

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
        _scheduler.Wake();
    }

    /// <summary>Fails all running and waiting images although the thread of the worker hangs. Thread-safe.</summary>
    /// <returns>The number of images.</returns>
    public int FailFromOutside(Func<Exception> error) => parts.Runner.FailFromOutside(error) + _scheduler.FailAll(error);

    /// <summary>
    /// Fails the images of the device if its step takes longer than a limit, once for a step, and takes the device out of service if others serve. Of the only
    /// device of an instance, the waiting images fail too. Call from one thread at a time.
    /// </summary>
    /// <returns>True if images failed.</returns>
    public bool EndHanging(TimeSpan limit)
    {
        if (_device is not { } device)
        {
            return false;
        }

        var (step, stalled) = (device.StepBegan, device.StalledFor);
        if (step == _hangingStep || stalled <= limit)
        {
            return false;
        }

        _hangingStep = step;
        _hasLeft = _scheduler.TryLeave(parts.Share);
        if (_hasLeft)
        {
            parts.State.BecomeFailed($"A step did not end within {stalled.TotalSeconds:0} s.");
        }

        Exception Error() => CallerErrors.DeviceHangs(stalled, restarts: false);
        var failed = _hasLeft ? parts.Runner.FailFromOutside(Error) : FailFromOutside(Error);
        Log.Hangs(logger, parts.Share.Name, stalled, failed, _hasLeft);
        return true;
    }

    /// <summary>True if the model runs and no step takes longer than a limit. Thread-safe.</summary>
    public bool Works(TimeSpan limit) => !_hasLeft && _device is { } device && device.StalledFor <= limit;

    private void Work()
    {
        IImageGenerator? generator = null;
        Exception? failure = null;
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
            failure = error;
        }
        finally
        {
            Leave(failure); // before the model is freed, which may take long or fail
            Free(generator);
            _finished.SetResult();
        }
    }

    private void Run(IImageGenerator generator)
    {
        var device = instance.Metrics.GeneratorStarted(parts.Share.Name, generator.FreeRows);
        parts.Runner.Begin(device);
        _device = device;
        try
        {
            while (PrepareStep(generator, device))
            {
                device.StepBegins();
                parts.Runner.Step(generator, _scheduler, _abort.Token);
            }
        }
        finally
        {
            _device = null;
            instance.Metrics.GeneratorEnded(device);
        }
    }

    /// <summary>Loads the model. Returns null if that fails; <see cref="DeviceLoads"/> has the error.</summary>
    private IImageGenerator? TryLoad()
    {
        IImageGenerator? generator = null;
        try
        {
            (generator, var times) = parts.Loader.Load(_abort.Token);
            if (instance.Loads.RequireSame(generator.Model) && generator.Model is { DtypeReason: { } reason, Dtype: { } dtype })
            {
                Log.DtypeChosen(logger, dtype, reason); // once for all copies, which compute alike
            }

            parts.State.BecomeReady(generator.Model);
            _scheduler.Loaded(parts.Share, generator.FreeRows);
            instance.Loads.Succeeded(times);
            return generator;
        }
        // Any error of an aborted load: no caller waits for it.
        catch (Exception) when (_abort.IsCancellationRequested)
        {
            instance.Loads.Aborted(_abort.Token);
        }
        // A failed load ends this worker, not the service.
        catch (Exception error)
        {
            parts.State.BecomeFailed(CallerErrors.LoadReason(error));
            if (_scheduler.HasOther(parts.Share))
            {
                Log.NotLoaded(logger, parts.Share.Name, error);
            }

            instance.Loads.Failed(error);
        }

        Free(generator);
        return null;
    }

    /// <summary>
    /// Removes and admits images before a step. Blocks while there are none. Returns false once the queue is closed and no device has an image, or the worker
    /// is aborted or out of service.
    /// </summary>
    private bool PrepareStep(IImageGenerator generator, InFlightDevice device)
    {
        while (!_abort.IsCancellationRequested && !_hasLeft)
        {
            var seen = _scheduler.Changes;
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

            if (_queue.IsFinished)
            {
                return false;
            }

            device.BecomeIdle();
            _scheduler.WaitForChange(seen);
        }

        return false;
    }

    /// <summary>
    /// Ends every image that the worker still holds. Images of a device that failed start again on others; the last device also ends those that wait.
    /// </summary>
    private void Leave(Exception? failure)
    {
        if (failure is null)
        {
            parts.State.BecomeStopped();
        }
        else
        {
            parts.State.BecomeFailed(ReasonOf(failure));
            MoveImages(failure); // before the device leaves: the others end when no device has images
        }

        var isLast = _scheduler.Leave(parts.Share);
        if (isLast && failure is not null)
        {
            instance.State.BecomeCrashed($"{ReasonOf(failure)} Restart the service or load a model.");
            Log.Crashed(logger, parts.Share.Name, failure);
        }

        FailRemaining(isLast);
    }

    /// <summary>Lets the other devices, if there are any, start the images of this one again.</summary>
    private void MoveImages(Exception failure)
    {
        if (_scheduler.HasOther(parts.Share))
        {
            var (moved, failed) = parts.Runner.MoveAll(_scheduler, failure);
            Log.DeviceFailed(logger, parts.Share.Name, moved, failed, failure);
        }
    }

    private void FailRemaining(bool isLast)
    {
        var failed = parts.Runner.FailAll(EndedError);
        if (isLast)
        {
            _queue.Close();
        }

        if (isLast || _abort.IsCancellationRequested)
        {
            failed += _scheduler.FailAll(EndedError);
        }

        if (failed > 0)
        {
            Log.Unfinished(logger, failed);
        }
    }

    private ModelNotReadyException EndedError() =>
        instance.State.Current is ModelStatus.Crashed ? new ModelNotReadyException(ModelStatus.Crashed.PublicReason) : ImageRunner.ShuttingDown();

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

    private static string ReasonOf(Exception failure) =>
        failure is DeviceFailedException ? failure.Message : $"{failure.GetType().Name}; the service log has the details.";
}

/// <summary>Components of the worker of one device.</summary>
internal sealed record DeviceParts(DeviceState State, DeviceShare Share, ImageRunner Runner, ModelLoader Loader);

/// <summary>Components that the workers of an instance share.</summary>
internal sealed record InstanceParts(InferenceQueue Queue, ModelState State, AdmissionScheduler Scheduler, DeviceLoads Loads, InferenceMetrics Metrics);
