namespace CtfService.Core.Models;

/// <summary>A weight file or bundle is missing, damaged, or does not fit what should be loaded from it.</summary>
public sealed class CheckpointException(string message, Exception? innerException = null) : Exception(message, innerException);
