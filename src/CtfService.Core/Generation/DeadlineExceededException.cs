namespace CtfService.Core.Generation;

/// <summary>The request's time was over before its images were finished.</summary>
public sealed class DeadlineExceededException(string message) : Exception(message);
