namespace CtfService.Core.Models;

/// <summary>The model is loading, failed to load, or the service is shutting down; the message says which.</summary>
public sealed class ModelNotReadyException(string message, Exception? innerException = null) : Exception(message, innerException);
