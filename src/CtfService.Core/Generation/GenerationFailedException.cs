namespace CtfService.Core.Generation;

/// <summary>The batch that held the image failed. Already logged, with its cause, by whoever throws this.</summary>
public sealed class GenerationFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
