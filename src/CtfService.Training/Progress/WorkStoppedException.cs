namespace CtfService.Training.Progress;

/// <summary>The caller stopped the work. The finished part is kept; the message says what is kept and where.</summary>
public sealed class WorkStoppedException(string message, CancellationToken cancellation) : OperationCanceledException(message, cancellation);
