namespace CtfService.Core.Generation;

/// <summary>The queue has too little room. Nothing was enqueued.</summary>
/// <param name="message">What is full and what to do.</param>
/// <param name="retryAfter">Time until room can be expected, computed from the waiting work.</param>
/// <param name="isShare">See <see cref="IsShare"/>.</param>
public sealed class QueueFullException(string message, TimeSpan retryAfter, bool isShare = false) : Exception(message)
{
    public TimeSpan RetryAfter { get; } = retryAfter;

    /// <summary>True if the share of the caller is used up; false if the whole queue is full.</summary>
    public bool IsShare { get; } = isShare;
}

/// <summary>The request cannot be finished within its time limit. Nothing was enqueued.</summary>
/// <param name="message">The time that it needs, its limit, and what to do.</param>
/// <param name="retryAfter">Time after which the same request can be in time; null if it never can.</param>
public sealed class DeadlineTooShortException(string message, TimeSpan? retryAfter) : Exception(message)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>The time limit of the request passed before its images were finished.</summary>
public sealed class DeadlineExceededException(string message) : Exception(message);

/// <summary>The step that contained the image failed. The thrower has already logged it with its cause.</summary>
public sealed class GenerationFailedException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>A stage computed NaN or an infinite number for the image. Images that were computed with it are not affected.</summary>
public sealed class NotFiniteException(string message) : Exception(message)
{
    /// <param name="computed">What was computed, and by which stage.</param>
    /// <param name="position">The position in the token grid; null if it is not known.</param>
    public static NotFiniteException Of(string computed, int? position = null) => new(
        $"The model computed {computed} of this image that are not finite (NaN or infinite){(position is { } cell ? $" at position {cell}" : "")}; expected "
        + "finite numbers. Send the request again; if it fails again, the operator of this service should check the device and the model's files.");
}

/// <summary>The batch does not fit in device memory. A smaller batch may succeed.</summary>
public sealed class OutOfDeviceMemoryException(string message, Exception? innerException = null) : Exception(message, innerException);
