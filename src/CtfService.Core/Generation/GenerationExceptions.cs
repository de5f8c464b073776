namespace CtfService.Core.Generation;

/// <summary>The queue has too little room. Nothing was enqueued.</summary>
/// <param name="message">What is full and what to do.</param>
/// <param name="retryAfter">Time until room can be expected, computed from the waiting work.</param>
public sealed class QueueFullException(string message, TimeSpan retryAfter) : Exception(message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>The time limit of the request passed before its images were finished.</summary>
public sealed class DeadlineExceededException(string message) : Exception(message);

/// <summary>The step that contained the image failed. The thrower has already logged it with its cause.</summary>
public sealed class GenerationFailedException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The batch does not fit in device memory. A smaller batch may succeed.</summary>
public sealed class OutOfDeviceMemoryException(string message, Exception? innerException = null) : Exception(message, innerException);
