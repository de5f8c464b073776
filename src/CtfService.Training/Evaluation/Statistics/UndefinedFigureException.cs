namespace CtfService.Training.Evaluation.Statistics;

/// <summary>A figure is undefined for the given images; the message has the reason.</summary>
public sealed class UndefinedFigureException(string reason) : Exception(reason);
