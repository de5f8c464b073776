using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>Status of a model: one of the nested cases.</summary>
public abstract record ModelStatus
{
    private ModelStatus()
    {
    }

    /// <summary>The model is being read and warmed up.</summary>
    public sealed record Loading : ModelStatus;

    /// <summary>The model accepts requests; the warm-up image has succeeded.</summary>
    public sealed record Ready(ModelDescription Model, DateTimeOffset Since) : ModelStatus;

    /// <summary>Consecutive steps failed, so requests are refused for a while.</summary>
    /// <param name="Model">The status before the failures.</param>
    /// <param name="RetryAt">
    /// Steady time (<see cref="SteadyClock"/>) from which one request may try again; the model counts as ready until that request is admitted.
    /// </param>
    public sealed record Failing(Ready Model, string Reason, DateTimeOffset RetryAt) : ModelStatus;

    /// <summary>The model could not be loaded. The service can switch to another model, and a restart reads it again.</summary>
    /// <param name="Reason">Reason for the log and for operators; may contain paths of the machine.</param>
    public sealed record Failed(string Reason) : ModelStatus
    {
        /// <summary>Reason for callers.</summary>
        public const string PublicReason =
            "The model could not be loaded. The service log has the details; operators find the reason in GET /v1/admin/models.";
    }

    /// <summary>The service is shutting down; admitted images may still finish.</summary>
    public sealed record Stopping : ModelStatus;

    /// <summary>The worker of the last device crashed. To recover, restart the service or load a model.</summary>
    /// <param name="Reason">Reason for the log and for operators.</param>
    public sealed record Crashed(string Reason) : ModelStatus
    {
        /// <summary>Reason for callers.</summary>
        public const string PublicReason = "The generation worker has crashed. The service log has the details. Restart the service or load a model.";
    }
}

/// <summary>Status of the model of one instance. Written by its workers and by the shutdown of the host. Thread-safe.</summary>
internal sealed class ModelState(TimeProvider clock)
{
    private readonly Lock _transition = new();
    private volatile ModelStatus _current = new ModelStatus.Loading();

    public ModelStatus Current => _current is ModelStatus.Failing failing && failing.RetryAt <= clock.GetSteadyNow() ? failing.Model : _current;

    /// <summary>The model that accepts requests, or did until its steps failed; null in any other status.</summary>
    public ModelDescription? Model => _current switch
    {
        ModelStatus.Ready ready => ready.Model,
        ModelStatus.Failing failing => failing.Model.Model,
        _ => null,
    };

    /// <inheritdoc cref="IModelStatus.RequireReady"/>
    public ModelStatus.Ready RequireReady() => Current switch
    {
        ModelStatus.Ready ready => ready,
        ModelStatus.Loading => throw CallerErrors.Loading(),
        ModelStatus.Stopping => throw ShuttingDown(),
        ModelStatus.Failing => throw Refused(),
        ModelStatus.Failed => throw new ModelNotReadyException(ModelStatus.Failed.PublicReason),
        ModelStatus.Crashed => throw new ModelNotReadyException(ModelStatus.Crashed.PublicReason),
        _ => throw new InvalidOperationException($"Unknown model status {_current}."),
    };

    public static ModelNotReadyException ShuttingDown() =>
        new("The service is shutting down. Send the request to another instance or try again later.", CallerErrors.SoonReady);

    public void BecomeReady(ModelDescription model) => Become(new ModelStatus.Ready(model, clock.GetUtcNow()));

    /// <summary>Refuses requests for a while because steps fail.</summary>
    public void BecomeFailing(string reason, TimeSpan pause) => Change(ready => new ModelStatus.Failing(ready, reason, clock.GetSteadyNow() + pause));

    /// <summary>
    /// Marks the start of a trial: if the model was failing, the request just admitted is the only one until it finishes an image or the pause ends again.
    /// </summary>
    public void BeginTrial(TimeSpan pause)
    {
        lock (_transition)
        {
            _current = _current is ModelStatus.Failing failing ? failing with { RetryAt = clock.GetSteadyNow() + pause } : _current;
        }
    }

    /// <summary>Ends the failing status because an image has finished.</summary>
    /// <returns>True if the model was failing.</returns>
    public bool Recover()
    {
        var wasFailing = _current is ModelStatus.Failing;
        Change(ready => ready);
        return wasFailing;
    }

    /// <summary>Returns the error for requests while the model is failing.</summary>
    public ModelNotReadyException Refused() => _current is ModelStatus.Failing failing
        ? new ModelNotReadyException(failing.Reason, failing.RetryAt - clock.GetSteadyNow())
        : ShuttingDown(); // the only other status that can follow failing

    public void BecomeFailed(string reason) => Become(new ModelStatus.Failed(reason));

    public void BecomeCrashed(string reason) => Become(new ModelStatus.Crashed(reason));

    public void BecomeStopping() => Become(new ModelStatus.Stopping());

    private void Change(Func<ModelStatus.Ready, ModelStatus> next)
    {
        lock (_transition)
        {
            _current = _current switch
            {
                ModelStatus.Ready ready => next(ready),
                ModelStatus.Failing failing => next(failing.Model),
                _ => _current,
            };
        }
    }

    /// <summary>Changes the status, unless it is stopping or crashed: these are final, even if a load ends later.</summary>
    private void Become(ModelStatus next)
    {
        lock (_transition)
        {
            if (_current is not (ModelStatus.Stopping or ModelStatus.Crashed))
            {
                _current = next;
            }
        }
    }
}
