namespace CtfService.Core.Generation;

/// <summary>The bounded queue has no room. Nothing was queued.</summary>
/// <param name="message">What is full and what to do.</param>
/// <param name="retryAfter">When room can be expected, computed from the work that waits.</param>
public sealed class QueueFullException(string message, TimeSpan retryAfter) : Exception(message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}
