namespace CtfService.Training.Data;

/// <summary>A data set cannot be used; the message says what to change.</summary>
public sealed class DatasetException(string message, Exception? innerException = null) : Exception(message, innerException);
