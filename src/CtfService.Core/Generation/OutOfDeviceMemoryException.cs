namespace CtfService.Core.Generation;

/// <summary>The device has too little free memory for the batch. A smaller batch may succeed.</summary>
public sealed class OutOfDeviceMemoryException(string message, Exception? innerException = null) : Exception(message, innerException);
