namespace CtfService.Inference.Worker;

/// <summary>Ends the worker of a device whose steps keep failing, while other devices serve.</summary>
internal sealed class DeviceFailedException(string message, Exception cause) : Exception(message, cause);
