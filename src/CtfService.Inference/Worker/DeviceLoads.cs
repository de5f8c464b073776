using CtfService.Core.Models;
using CtfService.Inference.Status;

namespace CtfService.Inference.Worker;

/// <summary>
/// Collects how the loads of all devices of an instance end. The last one decides: the model is ready if any device has loaded it, so that a switch never
/// starts with fewer devices than it will have. Thread-safe.
/// </summary>
/// <param name="devices">Number of devices.</param>
internal sealed class DeviceLoads(int devices, ModelState state)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<LoadTimes> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = devices; // under _gate, like all below
    private bool _anyLoaded;
    private ModelDescription? _model;
    private LoadTimes _slowest;
    private Exception? _failure;
    private CancellationToken? _abort;

    /// <summary>Completes when the model is ready. Fails with the first error if no device has loaded it; cancelled if that was aborted.</summary>
    public Task<LoadTimes> Ended => _ended.Task;

    /// <summary>
    /// Rejects a copy that computes differently from the copies on other devices, because the bytes of an image would then depend on where it runs.
    /// </summary>
    /// <returns>True if it is the first copy.</returns>
    /// <exception cref="DeviceUnavailableException">The copy computes differently.</exception>
    public bool RequireSame(ModelDescription model)
    {
        lock (_gate)
        {
            var isFirst = _model is null;
            _model ??= model;
            if (ArithmeticOf(_model) != ArithmeticOf(model))
            {
                throw new DeviceUnavailableException(
                    $"The model computes with {ArithmeticOf(model)} here and with {ArithmeticOf(_model)} on another device, so the same seed would give "
                    + "other bytes. Use devices of one kind in Model:Devices.");
            }

            return isFirst;
        }
    }

    public void Succeeded(LoadTimes times)
    {
        lock (_gate)
        {
            _slowest = new LoadTimes(Longer(times.Loading, _slowest.Loading), Longer(times.WarmUp, _slowest.WarmUp));
            End(loaded: true);
        }
    }

    public void Failed(Exception error)
    {
        lock (_gate)
        {
            _failure ??= error;
            End(loaded: false);
        }
    }

    public void Aborted(CancellationToken abort)
    {
        lock (_gate)
        {
            _abort = abort;
            End(loaded: false);
        }
    }

    private void End(bool loaded)
    {
        _anyLoaded |= loaded;
        if (--_left > 0)
        {
            return;
        }

        if (_anyLoaded)
        {
            state.BecomeReady(_model!);
            _ended.SetResult(_slowest);
        }
        else if (_abort is { } abort)
        {
            _ended.SetCanceled(abort);
        }
        else
        {
            state.BecomeFailed(CallerErrors.LoadReason(_failure!));
            _ended.SetException(_failure!);
        }
    }

    private static string ArithmeticOf(ModelDescription model) =>
        string.Join(", ", ((string?[])[model.Device, model.Dtype, model.Arithmetic]).OfType<string>());

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
