namespace CtfService.Core.Models;

/// <summary>The model is loading, failed to load, or the service is shutting down; the message says which.</summary>
/// <param name="retryAfter">Time after which a retry makes sense; null if unknown, as after a failed load, which only an operator can fix.</param>
public class ModelNotReadyException(string message, TimeSpan? retryAfter = null) : Exception(message)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>A step of the model has hung, and the process ends because only a restart helps.</summary>
public sealed class DeviceHangsException(string message, TimeSpan retryAfter) : ModelNotReadyException(message, retryAfter);

/// <summary>The requested model could not be loaded; the message has the reason and the inner exception the kind of error.</summary>
public sealed class ModelLoadException(string message, Exception innerException) : Exception(message, innerException);

/// <summary>Another model is already loading; the message says which.</summary>
public sealed class SwitchInProgressException(string message) : Exception(message);

/// <summary>The configured device is not available, the libraries that compute on it do not load, or they compute something wrong.</summary>
public sealed class DeviceUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
