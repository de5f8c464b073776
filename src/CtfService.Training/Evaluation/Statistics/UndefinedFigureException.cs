namespace CtfService.Training.Evaluation.Statistics;

/// <summary>A figure does not exist for the images at hand; the message says why.</summary>
public sealed class UndefinedFigureException(string reason) : Exception(reason);
