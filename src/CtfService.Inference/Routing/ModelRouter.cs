using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Routing;

/// <summary>
/// Holds the current instance, the one that loads and those that drain. The first model loads in the current instance; every later one loads in its own
/// instance, which replaces the current one in one step under the lock. Thread-safe.
/// </summary>
internal sealed partial class ModelRouter : IModelRouter, IModelStatus
{
    private static readonly ModelStatus Loading = new ModelStatus.Loading();

    private readonly ModelInstanceFactory _instances;
    private readonly IRequestWarmUp? _warmUp;
    private readonly TimeProvider _clock;
    private readonly ILogger<ModelRouter> _logger;
    private readonly TaskCompletionSource<Exception?> _loadingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<(ModelInstance Instance, Task Ended)> _draining = []; // under _gate
    private volatile ModelInstance _current; // written under _gate
    private ModelInstance? _loading; // under _gate
    private bool _isStarted; // under _gate
    private bool _isStopping; // under _gate
    private volatile SwitchOutcome? _lastSwitch;

    /// <param name="start">Source of the first model.</param>
    /// <param name="warmUp">Runs once, when the first model has been loaded; null for nothing.</param>
    public ModelRouter(
        ModelOrigin start,
        ModelInstanceFactory instances,
        InferenceMetrics metrics,
        TimeProvider clock,
        ILogger<ModelRouter> logger,
        IRequestWarmUp? warmUp = null)
    {
        (_instances, _clock, _logger, _warmUp) = (instances, clock, logger, warmUp);
        _current = instances.Create(start);
        metrics.ObserveModel(this);
    }

    /// <summary>The first model counts as loading until the warm-up of requests has ended, although it has accepted requests since it was loaded.</summary>
    public ModelStatus Current => _current.State.Current is { } current && (current is not ModelStatus.Ready || _loadingEnded.Task.IsCompleted)
        ? current
        : Loading;

    public IReadOnlyList<DeviceReport> Devices => _current.Devices;

    public QueueReport Queue => _current.Queue;

    public Task<Exception?> LoadingEnded => _loadingEnded.Task;

    public SwitchOutcome? LastSwitch => _lastSwitch;

    public IReadOnlyList<InstanceReport> Instances =>
        [.. All().Select(instance => new InstanceReport(instance.Bundle, instance.State.Current, instance.IsRetired))];

    /// <summary>Completes when the instances that currently drain have ended and their memory is free.</summary>
    public Task Drained
    {
        get
        {
            lock (_gate)
            {
                return Task.WhenAll(_draining.Select(draining => draining.Ended));
            }
        }
    }

    public ModelStatus.Ready RequireReady() => _current.State.RequireReady();

    public ModelLease Lease()
    {
        lock (_gate)
        {
            return _current.Lease();
        }
    }

    /// <summary>Starts loading the first model, unless it has been called before.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (!_isStarted)
            {
                _isStarted = true;
                _loading = _current;
                _ = LoadFirstAsync(_current);
            }
        }
    }

    public async Task<ModelSwitch> SwitchAsync(ModelOrigin origin)
    {
        var asked = _clock.GetTimestamp();
        var (instance, drained) = Begin(origin);
        ModelSwitch made;
        try
        {
            await drained.ConfigureAwait(false);
            instance.Start();
            var times = await instance.Loaded.ConfigureAwait(false);
            var (current, replaced) = Activate(instance);
            made = new ModelSwitch(origin.Bundle, current, replaced, times, _clock.GetElapsedTime(asked));
        }
        // A failed load affects this switch only.
        catch (Exception error)
        {
            await instance.Finished.ConfigureAwait(false); // its memory is free before the caller gets the result
            throw Failure(origin.Bundle, error);
        }

        End(new SwitchOutcome(origin.Bundle, _clock.GetUtcNow(), Failure: null));
        Log.Switched(_logger, origin.Bundle, made.Current.Model.Name, made.Replaced?.Bundle, made.Total);
        return made;
    }

    /// <summary>Stops accepting requests and switches; admitted images may finish.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
        }

        foreach (var instance in All())
        {
            instance.Stop();
        }
    }

    /// <summary>Aborts everything unfinished, because the shutdown budget is used up.</summary>
    public void Abort()
    {
        foreach (var instance in All())
        {
            instance.Abort();
        }
    }

    /// <inheritdoc cref="ModelInstance.FailFromOutside"/>
    public int FailFromOutside(string reason, Func<Exception> error) => All().Sum(instance => instance.FailFromOutside(reason, error));

    /// <inheritdoc cref="ModelInstance.EndHanging"/>
    public int EndHanging(TimeSpan limit, bool serviceWorks) => All().Sum(instance => instance.EndHanging(limit, serviceWorks));

    /// <summary>Completes when every instance has ended. Read after <see cref="Stop"/>.</summary>
    public Task Finished => Task.WhenAll(All().Select(instance => instance.Finished));

    /// <summary>Completes when every instance that may hold admitted images has ended. Read after <see cref="Stop"/>.</summary>
    public Task Served => Task.WhenAll(All().Where(instance => !instance.IsLoading).Select(instance => instance.Finished));

    /// <summary>True while an instance loads a model; it has no admitted images.</summary>
    public bool IsLoading => All().Any(instance => instance.IsLoading);

    private async Task LoadFirstAsync(ModelInstance first)
    {
        first.Start();
        Exception? failure = null;
        try
        {
            await first.Loaded.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The service is shutting down and reports that itself.
        }
        // The host decides what becomes of a service without a model.
        catch (Exception error)
        {
            Log.NothingToServe(_logger, first.Bundle, CallerErrors.LoadReason(error), CallerErrors.ExplainsItself(error) ? null : error);
            failure = error;
        }

        End(outcome: null);
        if (_warmUp is not null && first.State.Current is ModelStatus.Ready)
        {
            await _warmUp.RunAsync().ConfigureAwait(false);
        }

        _loadingEnded.SetResult(failure);
    }

    /// <summary>Creates the instance for a switch, and returns the task that completes when there is memory for it.</summary>
    private (ModelInstance Instance, Task Drained) Begin(ModelOrigin origin)
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                throw ModelState.ShuttingDown();
            }

            if (_loading is { } other)
            {
                throw CallerErrors.SwitchInProgress(other.Bundle);
            }

            _loading = _instances.Create(origin);
            return (_loading, Drained);
        }
    }

    /// <summary>Makes the instance the current one and retires the previous one.</summary>
    private (ModelStatus.Ready Current, ReplacedModel? Replaced) Activate(ModelInstance instance)
    {
        lock (_gate)
        {
            var ready = instance.State.RequireReady(); // throws if the service is shutting down
            var old = _current;
            _current = instance;
            old.Retire();
            _draining.Add((old, ForgetAsync(old)));
            return (ready, old.State.Model is { } model ? new ReplacedModel(old.Bundle, model) : null);
        }
    }

    /// <summary>Returns the error for the caller of a failed switch.</summary>
    private Exception Failure(string bundle, Exception error)
    {
        if (error is OperationCanceledException or ModelNotReadyException) // aborted while loading, or no longer ready when it was to be activated
        {
            End(outcome: null);
            return error is ModelNotReadyException ? error : ModelState.ShuttingDown();
        }

        Log.SwitchFailed(_logger, bundle, error);
        End(new SwitchOutcome(bundle, _clock.GetUtcNow(), CallerErrors.LoadReason(error)));
        return CallerErrors.LoadFailed(bundle, (Current as ModelStatus.Ready)?.Model.Name, error);
    }

    private void End(SwitchOutcome? outcome)
    {
        lock (_gate)
        {
            _loading = null;
            _lastSwitch = outcome ?? _lastSwitch;
        }
    }

    private async Task ForgetAsync(ModelInstance retired)
    {
        var since = _clock.GetTimestamp();
        await retired.Finished.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // not before it is in the list
        lock (_gate)
        {
            _draining.RemoveAll(draining => draining.Instance == retired);
        }

        Log.Drained(_logger, retired.Bundle, _clock.GetElapsedTime(since));
    }

    private List<ModelInstance> All()
    {
        lock (_gate)
        {
            List<ModelInstance> all = [_current, .. _draining.Select(draining => draining.Instance)];
            return _loading is null || all.Contains(_loading) ? all : [.. all, _loading];
        }
    }
}
