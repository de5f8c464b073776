namespace CtfService.Training.Progress;

/// <summary>What the training of one image takes, from which reports derive more than images per second.</summary>
/// <param name="Tokens">Tokens of an image; 0 if unknown.</param>
/// <param name="Flops">
/// Floating-point operations of the forward and the backward pass, counted from the architecture (Chowdhery et al. 2022, "PaLM", appendix B); 0 if unknown.
/// </param>
public sealed record ImageWork(double Tokens, double Flops)
{
    public static ImageWork Unknown { get; } = new(0, 0);
}
