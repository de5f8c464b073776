namespace CtfService.Core.Models;

/// <summary>A model that was asked for could not be loaded; the message says why, the inner exception what kind of fault it is.</summary>
public sealed class ModelLoadException(string message, Exception innerException) : Exception(message, innerException);
