namespace CtfService.Training.Optimization;

/// <summary>Stops a training run at the first loss or gradient that is not finite, before it reaches the weights.</summary>
/// <param name="part">What is trained, such as coarse.</param>
/// <param name="remedy">How the user goes on, asked for when a run stops.</param>
internal sealed class FiniteLoss(string part, Func<string> remedy)
{
    /// <param name="step">Counted from 0.</param>
    /// <exception cref="TrainingDivergedException">The total is not finite; the message names the part of it that broke first.</exception>
    public void Require(StepLoss loss, long step)
    {
        if (float.IsFinite(loss.Total.item<float>()))
        {
            return;
        }

        var broken = loss.Parts.Select(part => (part.Key, Value: part.Value.item<float>())).FirstOrDefault(part => !float.IsFinite(part.Value));
        throw Diverged(broken.Key is { } name ? $"the loss '{name}'" : "the total loss", broken.Key is null ? loss.Total.item<float>() : broken.Value, step);
    }

    /// <param name="norm">The gradient's norm, before the weights moved.</param>
    /// <exception cref="TrainingDivergedException">It is not finite.</exception>
    public void RequireGradient(double norm, long step)
    {
        if (!double.IsFinite(norm))
        {
            throw Diverged("the gradient's norm", norm, step);
        }
    }

    private TrainingDivergedException Diverged(string figure, double value, long step) => TrainingDivergedException.Of(part, figure, value, step + 1, remedy());
}
