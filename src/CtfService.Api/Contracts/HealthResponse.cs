namespace CtfService.Api.Contracts;

/// <summary>Answer of a health probe.</summary>
/// <param name="Status">ready, live, loading, failing, failed, stopping, stalled or crashed.</param>
/// <param name="Model">Name of the loaded model; null until there is one.</param>
/// <param name="Reason">Why the answer is not 200; null where it is.</param>
public sealed record HealthResponse(string Status, string? Model, string? Reason);
