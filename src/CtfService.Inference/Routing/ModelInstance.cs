using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;

namespace CtfService.Inference.Routing;

/// <summary>
/// One model from its loading to its end, with everything that serves it: queue, status, and the worker whose thread owns its tensors. Shares nothing with other instances.
/// Any thread; <see cref="Lease"/> and <see cref="Retire"/> are called under the router's lock, so that no lease is taken on a retired instance.
/// </summary>
internal sealed class ModelInstance(string bundle, InferenceQueue queue, ModelState state, GenerationWorker worker)
{
    private readonly Lock _account = new();
    private int _leases; // under _account
    private bool _retired; // under _account

    /// <summary>What operators call its origin.</summary>
    public string Bundle { get; } = bundle;

    public ModelState State => state;

    /// <summary>True once another instance has taken its place.</summary>
    public bool IsRetired
    {
        get
        {
            lock (_account)
            {
                return _retired;
            }
        }
    }

    /// <inheritdoc cref="GenerationWorker.Loaded"/>
    public Task<LoadTimes> Loaded => worker.Loaded;

    /// <summary>True until loading has ended, well or not.</summary>
    public bool IsLoading => !worker.Loaded.IsCompleted;

    /// <summary>Completes when the worker has ended and the model's memory is free. Never fails.</summary>
    public Task Finished => worker.Finished;

    public void Start() => worker.Start();

    /// <exception cref="ModelNotReadyException">The model is not ready.</exception>
    public ModelLease Lease()
    {
        var model = state.RequireReady().Model;
        lock (_account)
        {
            _leases++;
        }

        return new ModelLease(model, queue, Release);
    }

    /// <summary>Another instance has taken its place: the queue closes with the last lease, and the worker ends with the last image.</summary>
    public void Retire()
    {
        lock (_account)
        {
            _retired = true;
        }

        CloseIfUnused();
    }

    /// <summary>The service stops: what is admitted may finish, a model that still loads is given up.</summary>
    public void Stop()
    {
        if (state.Current is ModelStatus.Loading)
        {
            worker.Abort(); // nothing was admitted yet, so there is nothing to finish
        }

        state.BecomeStopping();
        queue.Close();
    }

    /// <inheritdoc cref="GenerationWorker.Abort"/>
    public void Abort() => worker.Abort();

    private void Release()
    {
        lock (_account)
        {
            _leases--;
        }

        CloseIfUnused();
    }

    private void CloseIfUnused()
    {
        lock (_account)
        {
            if (!_retired || _leases > 0)
            {
                return;
            }
        }

        queue.Close();
    }
}
