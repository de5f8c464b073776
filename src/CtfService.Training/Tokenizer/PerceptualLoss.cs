using CtfService.Training.Classification;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// How different two images look to a trained network: LPIPS (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", eq. 1) without its learned
/// weights of channels, by the stages of a classifier of the same data. LlamaGen's tokenizer has such a term too, by VGG.
/// </summary>
internal sealed class PerceptualLoss
{
    private const double Epsilon = 1e-5; // of lengths: where all channels are off, there is no direction

    private readonly ImageClassifier _classifier;

    /// <param name="classifier">Belongs to the caller; does not learn from here on.</param>
    public PerceptualLoss(ImageClassifier classifier)
    {
        _classifier = classifier;
        foreach (var parameter in classifier.parameters())
        {
            parameter.requires_grad = false;
        }
    }

    /// <returns>A scalar: over the stages, the sum of the mean squared distance between the directions of what is active at a position; 0 to 2 a stage.</returns>
    /// <param name="restored">[B, 3, H, W] in [-1, 1].</param>
    /// <param name="image">[B, 3, H, W] in [-1, 1].</param>
    public Tensor Of(Tensor restored, Tensor image)
    {
        using var scope = NewDisposeScope();
        List<Tensor> wanted;
        using (no_grad())
        {
            wanted = Directions(image);
        }

        var distances = Directions(restored).Zip(wanted, (first, second) => (first - second).square().sum(1).mean());
        return distances.Aggregate((sum, next) => sum + next).MoveToOuterDisposeScope();
    }

    /// <summary>Of every stage [B, C, h, w], scaled to length 1 over the channels.</summary>
    private List<Tensor> Directions(Tensor pixels) => [.. _classifier.Stages(pixels).Select(active => active / (active.square().sum(1, keepdim: true) + Epsilon).sqrt())];
}
