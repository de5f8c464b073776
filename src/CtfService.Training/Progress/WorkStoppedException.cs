namespace CtfService.Training.Progress;

/// <summary>Work was stopped by its caller, and what is finished is kept; the message says what, and where.</summary>
public sealed class WorkStoppedException(string message, CancellationToken cancellation) : OperationCanceledException(message, cancellation);
