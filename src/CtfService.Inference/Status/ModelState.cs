using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>The status of an instance's model as its worker reports it. Written by the worker and by the host's shutdown, read by any thread.</summary>
internal sealed class ModelState(TimeProvider clock)
{
    /// <summary>Loading a model takes seconds, and so does a restart.</summary>
    public static readonly TimeSpan SoonReady = TimeSpan.FromSeconds(5);

    private readonly Lock _transition = new();
    private volatile ModelStatus _current = new ModelStatus.Loading();

    public ModelStatus Current => _current is ModelStatus.Failing failing && failing.RetryAt <= clock.GetUtcNow() ? failing.Model : _current;

    /// <summary>The model that takes requests, or did until its steps failed; null in every other status.</summary>
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
        ModelStatus.Loading => throw new ModelNotReadyException("The model is still loading. Try again in a moment.", SoonReady),
        ModelStatus.Stopping => throw ShuttingDown(),
        ModelStatus.Failing => throw Refused(),
        ModelStatus.Failed => throw new ModelNotReadyException(ModelStatus.Failed.PublicReason),
        ModelStatus.Crashed => throw new ModelNotReadyException(ModelStatus.Crashed.PublicReason),
        _ => throw new InvalidOperationException($"Unknown model status {_current}."),
    };

    public static ModelNotReadyException ShuttingDown() =>
        new("The service is shutting down. Send the request to another instance or try again later.", SoonReady);

    public void BecomeReady(ModelDescription model) => Become(new ModelStatus.Ready(model, clock.GetUtcNow()));

    /// <summary>Steps fail: requests are refused for a while.</summary>
    public void BecomeFailing(string reason, TimeSpan pause) => Change(ready => new ModelStatus.Failing(ready, reason, clock.GetUtcNow() + pause));

    /// <summary>A request was admitted. If the model was failing, no other is until this one has shown how it stands, or the pause is over again.</summary>
    public void BeginTrial(TimeSpan pause)
    {
        lock (_transition)
        {
            _current = _current is ModelStatus.Failing failing ? failing with { RetryAt = clock.GetUtcNow() + pause } : _current;
        }
    }

    /// <summary>An image was finished. Returns true if the model was failing.</summary>
    public bool Recover()
    {
        var wasFailing = _current is ModelStatus.Failing;
        Change(ready => ready);
        return wasFailing;
    }

    /// <summary>What a request hears while the model fails.</summary>
    public ModelNotReadyException Refused() => _current is ModelStatus.Failing failing
        ? new ModelNotReadyException(failing.Reason, failing.RetryAt - clock.GetUtcNow())
        : ShuttingDown(); // the only other way on from failing

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

    /// <summary>Stopping and crashed are final: a load that ends after them changes nothing.</summary>
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
