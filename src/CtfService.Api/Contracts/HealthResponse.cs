namespace CtfService.Api.Contracts;

/// <summary>Response of a health probe.</summary>
/// <param name="Status">ready, live, loading, failing, failed, stopping, stalled or crashed.</param>
/// <param name="Model">Name of the loaded model; null if no model is loaded.</param>
/// <param name="Reason">Why the status is not 200; null if it is.</param>
public sealed record HealthResponse(string Status, string? Model, string? Reason);
