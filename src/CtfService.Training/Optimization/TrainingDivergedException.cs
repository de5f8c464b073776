namespace CtfService.Training.Optimization;

/// <summary>A run stopped because a loss or a gradient was NaN or infinite. The last checkpoint is kept.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message)
{
    /// <param name="part">What is trained, such as coarse.</param>
    /// <param name="figure">Name of the loss, or the gradient norm.</param>
    /// <param name="step">Counted from 1.</param>
    /// <param name="remedy">Advice for the user.</param>
    internal static TrainingDivergedException Of(string part, string figure, double value, long step, string remedy) =>
        new(FormattableString.Invariant($"{part}: {figure} is {Text(value)} at step {step}, so the run stopped. {remedy}"));

    private static string Text(double value) => double.IsNaN(value) ? "NaN" : "infinite";
}
