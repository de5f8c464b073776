namespace CtfService.Core.Models;

/// <summary>The model is loading, failed to load, or the service is shutting down; the message says which.</summary>
/// <param name="retryAfter">When another try makes sense; null if that is not known, as after a failed load, which only an operator can mend.</param>
public sealed class ModelNotReadyException(string message, TimeSpan? retryAfter = null) : Exception(message)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
