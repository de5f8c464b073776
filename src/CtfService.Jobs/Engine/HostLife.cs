namespace CtfService.Jobs.Engine;

/// <summary>When the engine works on jobs.</summary>
/// <param name="Start">Completes when it may start, such as after the model was loaded.</param>
/// <param name="Stopping">Cancelled when the service begins to stop, before anything else hears of it.</param>
internal sealed record HostLife(Task Start, CancellationToken Stopping);
