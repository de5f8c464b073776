using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Response of a health probe.</summary>
/// <param name="Status">ready, live, loading, failing, failed, stopping, stalled or crashed.</param>
/// <param name="Model">Name of the loaded model; null if no model is loaded.</param>
/// <param name="Reason">Why the status is not 200; null if it is.</param>
/// <param name="Devices">The devices that serve the model, in the order of the settings; absent if there is only one.</param>
public sealed record HealthResponse(
    string Status,
    string? Model,
    string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<DeviceEntry>? Devices = null);

/// <summary>A device that serves the model.</summary>
/// <param name="Name">Name of the device, as in the attribute <c>ctf.device</c> of metrics.</param>
/// <param name="Status">loading, ready, failed or stopped.</param>
/// <param name="Reason">Why the device failed, for an admin key only; otherwise null.</param>
public sealed record DeviceEntry(string Name, string Status, string? Reason);
