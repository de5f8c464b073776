using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Worker;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Routing;

/// <summary>
/// Holds the current instance, the one that loads and those that drain. The first model loads in the current instance itself, every later one in an instance beside it, which takes its
/// place in one step under the lock. Any thread.
/// </summary>
internal sealed partial class ModelRouter : IModelRouter, IModelStatus
{
    private readonly ModelInstanceFactory _instances;
    private readonly TimeProvider _clock;
    private readonly ILogger<ModelRouter> _logger;
    private readonly TaskCompletionSource _loadingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<(ModelInstance Instance, Task Ended)> _draining = []; // under _gate
    private volatile ModelInstance _current; // written under _gate
    private ModelInstance? _loading; // under _gate
    private bool _isStopping; // under _gate
    private volatile SwitchOutcome? _lastSwitch;

    /// <param name="start">The first model.</param>
    public ModelRouter(ModelOrigin start, ModelInstanceFactory instances, InferenceMetrics metrics, TimeProvider clock, ILogger<ModelRouter> logger)
    {
        (_instances, _clock, _logger) = (instances, clock, logger);
        _current = instances.Create(start);
        metrics.ObserveModel(this);
    }

    public ModelStatus Current => _current.State.Current;

    public Task LoadingEnded => _loadingEnded.Task;

    public SwitchOutcome? LastSwitch => _lastSwitch;

    public IReadOnlyList<InstanceReport> Instances => [.. All().Select(instance => new InstanceReport(instance.Bundle, instance.State.Current, instance.IsRetired))];

    /// <summary>Completes when the instances that drain now have ended and their memory is free.</summary>
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

    /// <summary>Begins to load the first model. Once.</summary>
    public void Start()
    {
        lock (_gate)
        {
            _loading = _current;
            _ = LoadFirstAsync(_current);
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
        // Whatever stops a model from loading concerns this switch only.
        catch (Exception error)
        {
            await instance.Finished.ConfigureAwait(false); // its memory is free before anybody hears of it
            throw Failure(origin.Bundle, error);
        }

        End(new SwitchOutcome(origin.Bundle, _clock.GetUtcNow(), Failure: null));
        Log.Switched(_logger, origin.Bundle, made.Current.Model.Name, made.Replaced?.Bundle, made.Total);
        return made;
    }

    /// <summary>No model takes requests or is loaded from now on; what is admitted may finish.</summary>
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

    /// <summary>The time to finish is over.</summary>
    public void Abort()
    {
        foreach (var instance in All())
        {
            instance.Abort();
        }
    }

    /// <summary>Completes when every instance has ended. To be asked for once it is stopped.</summary>
    public Task Finished => Task.WhenAll(All().Select(instance => instance.Finished));

    /// <summary>Completes when every instance has ended that may hold admitted images. To be asked for once it is stopped.</summary>
    public Task Served => Task.WhenAll(All().Where(instance => !instance.IsLoading).Select(instance => instance.Finished));

    /// <summary>True while an instance loads a model: it has admitted nothing.</summary>
    public bool IsLoading => All().Any(instance => instance.IsLoading);

    private async Task LoadFirstAsync(ModelInstance first)
    {
        first.Start();
        try
        {
            await first.Loaded.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The service stops, and says so itself.
        }
        // Whatever stops a model from loading must end in a readiness that says so.
        catch (Exception error)
        {
            Log.NothingToServe(_logger, first.Bundle, error);
        }

        End(outcome: null);
        _loadingEnded.SetResult();
    }

    /// <summary>A instance for the switch, and when there is room for it.</summary>
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
                throw new SwitchInProgressException($"The bundle '{other.Bundle}' is being loaded, and there is one switch at a time. Try again when it has ended.");
            }

            _loading = _instances.Create(origin);
            return (_loading, Drained);
        }
    }

    /// <summary>From here on requests get the instance.</summary>
    private (ModelStatus.Ready Current, ReplacedModel? Replaced) Activate(ModelInstance instance)
    {
        lock (_gate)
        {
            var ready = instance.State.RequireReady(); // not where the service has been told to stop
            var old = _current;
            _current = instance;
            old.Retire();
            _draining.Add((old, ForgetAsync(old)));
            return (ready, old.State.Model is { } model ? new ReplacedModel(old.Bundle, model) : null);
        }
    }

    /// <summary>What whoever asked for the switch hears.</summary>
    private Exception Failure(string bundle, Exception error)
    {
        if (error is OperationCanceledException or ModelNotReadyException) // given up while it loaded, or not ready any more when it was to be connected
        {
            End(outcome: null);
            return error is ModelNotReadyException ? error : ModelState.ShuttingDown();
        }

        var reason = ModelLoader.Reason(error);
        Log.SwitchFailed(_logger, bundle, error);
        End(new SwitchOutcome(bundle, _clock.GetUtcNow(), reason));
        var serving = Current is ModelStatus.Ready ready ? $"model '{ready.Model.Name}' goes on serving" : "no model serves";
        return new ModelLoadException($"The bundle '{bundle}' could not be loaded, and {serving}. {reason}", error);
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
        await retired.Finished.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // not before it is on the list
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
