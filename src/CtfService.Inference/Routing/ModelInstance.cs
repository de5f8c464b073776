using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;

namespace CtfService.Inference.Routing;

/// <summary>
/// One model from loading to disposal, with the queue, status and workers that serve it. Instances share nothing. Thread-safe; call <see cref="Lease"/> and
/// <see cref="Retire"/> under the lock of the router, so that no lease is taken on a retired instance.
/// </summary>
internal sealed class ModelInstance(string bundle, InferenceQueue queue, ModelState state, DeviceWorkers workers)
{
    private readonly Lock _gate = new();
    private int _leases; // under _gate
    private bool _retired; // under _gate

    /// <summary>Name of its bundle, as operators know it.</summary>
    public string Bundle { get; } = bundle;

    public ModelState State => state;

    public IReadOnlyList<DeviceReport> Devices => workers.Devices;

    public QueueReport Queue => queue.Report();

    /// <summary>True once another instance has replaced this one.</summary>
    public bool IsRetired
    {
        get
        {
            lock (_gate)
            {
                return _retired;
            }
        }
    }

    /// <inheritdoc cref="DeviceWorkers.Loaded"/>
    public Task<LoadTimes> Loaded => workers.Loaded;

    /// <summary>True until loading has ended, successfully or not.</summary>
    public bool IsLoading => !workers.Loaded.IsCompleted;

    /// <summary>Completes when the workers have ended and the memory of the model is free. Never fails.</summary>
    public Task Finished => workers.Finished;

    public void Start() => workers.Start();

    /// <exception cref="ModelNotReadyException">The model is not ready.</exception>
    public ModelLease Lease()
    {
        var model = state.RequireReady().Model;
        lock (_gate)
        {
            _leases++;
        }

        return new ModelLease(model, queue, Release);
    }

    /// <summary>
    /// Retires the instance after another has replaced it: bulk images end, the queue closes with the last lease, and the workers end with the last image.
    /// </summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
        }

        queue.EndBulk(); // a job must not keep a replaced model in memory
        CloseIfUnused();
    }

    /// <summary>Stops accepting images; admitted images may finish, except bulk images, and a load is aborted.</summary>
    public void Stop()
    {
        if (state.Current is ModelStatus.Loading)
        {
            workers.Abort(); // nothing was admitted yet, so there is nothing to finish
        }

        state.BecomeStopping();
        queue.Close();
    }

    /// <inheritdoc cref="DeviceWorkers.Abort"/>
    public void Abort() => workers.Abort();

    /// <summary>Refuses further requests and fails all images, because the workers hang and the process ends.</summary>
    /// <returns>The number of images.</returns>
    public int FailFromOutside(string reason, Func<Exception> error)
    {
        state.BecomeCrashed(reason);
        return workers.FailFromOutside(error);
    }

    /// <inheritdoc cref="DeviceWorkers.EndHanging"/>
    public int EndHanging(TimeSpan limit, bool serviceWorks) => workers.EndHanging(limit, serviceWorks);

    private void Release()
    {
        lock (_gate)
        {
            _leases--;
        }

        CloseIfUnused();
    }

    private void CloseIfUnused()
    {
        lock (_gate)
        {
            if (!_retired || _leases > 0)
            {
                return;
            }
        }

        queue.Close();
    }
}
