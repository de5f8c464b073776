namespace CtfService.Inference.Status;

/// <summary>State of a queue at one moment. Bulk images (jobs) are not counted: they give way to all others.</summary>
/// <param name="Waiting">Images that wait to start.</param>
/// <param name="Running">Images that have started and not ended.</param>
/// <param name="Capacity">Images that may wait at most.</param>
/// <param name="Wait">Expected time until one further image would start.</param>
public sealed record QueueReport(int Waiting, int Running, int Capacity, TimeSpan Wait);
