using CtfService.Core.Models;

namespace CtfService.Inference.Status;

/// <summary>What a device of an instance is doing.</summary>
public enum DeviceStatus
{
    /// <summary>It reads the model and warms up.</summary>
    Loading,

    /// <summary>It generates images.</summary>
    Ready,

    /// <summary>It could not load the model, or failed later; the other devices serve without it until the next restart or switch.</summary>
    Failed,

    /// <summary>It has ended with its instance.</summary>
    Stopped,
}

/// <summary>State of a device at one moment.</summary>
/// <param name="Name">Name in metrics, logs and reports.</param>
/// <param name="Reason">Why it failed, for operators; null in any other status.</param>
public sealed record DeviceReport(string Name, DeviceStatus Status, string? Reason = null);

/// <summary>State of a device of an instance. Written by its worker. Thread-safe.</summary>
/// <param name="name">As in the settings; <c>auto</c> until the model is loaded.</param>
internal sealed class DeviceState(string name)
{
    private volatile DeviceReport _current = new(name, DeviceStatus.Loading);

    public DeviceReport Current => _current;

    public string Name => _current.Name;

    public void BecomeReady(ModelDescription model) =>
        _current = new DeviceReport(Name == "auto" ? model.Device ?? Name : Name, DeviceStatus.Ready);

    public void BecomeFailed(string reason) => _current = new DeviceReport(Name, DeviceStatus.Failed, reason);

    /// <summary>Ends the state, unless the device has failed.</summary>
    public void BecomeStopped() => _current = _current.Status == DeviceStatus.Failed ? _current : new DeviceReport(Name, DeviceStatus.Stopped);
}
