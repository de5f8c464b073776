namespace CtfService.Training.Optimization;

/// <summary>Stops a run at the first loss or gradient that is not finite, before it changes the weights.</summary>
/// <param name="part">What is trained, such as coarse.</param>
/// <param name="remedy">Returns advice for the user; called when a run stops.</param>
internal sealed class FiniteLoss(string part, Func<string> remedy)
{
    /// <param name="step">Counted from 0.</param>
    /// <exception cref="TrainingDivergedException">The total is not finite; the message names the first part that is not finite.</exception>
    public void Require(StepLoss loss, long step)
    {
        if (float.IsFinite(loss.Total.item<float>()))
        {
            return;
        }

        var broken = loss.Parts.Select(part => (part.Key, Value: part.Value.item<float>())).FirstOrDefault(part => !float.IsFinite(part.Value));
        throw Diverged(broken.Key is { } name ? $"the loss '{name}'" : "the total loss", broken.Key is null ? loss.Total.item<float>() : broken.Value, step);
    }

    /// <param name="norm">Norm of the gradient, before the weights are updated.</param>
    /// <exception cref="TrainingDivergedException">The norm is not finite.</exception>
    public void RequireGradient(double norm, long step)
    {
        if (!double.IsFinite(norm))
        {
            throw Diverged("the gradient norm", norm, step);
        }
    }

    private TrainingDivergedException Diverged(string figure, double value, long step) => TrainingDivergedException.Of(part, figure, value, step + 1, remedy());
}
