namespace CtfService.Training.Optimization;

/// <summary>What a step has measured, on the host.</summary>
/// <param name="Losses">Losses by name, in display order.</param>
/// <param name="GradientNorm">Norm over all parameters before clipping.</param>
internal sealed record StepFigures(IReadOnlyDictionary<string, double> Losses, double GradientNorm);
