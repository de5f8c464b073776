using CtfService.Model.Layers;
using CtfService.Training.Classification;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Perceptual distance of two images: LPIPS (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", eq. 1) without
/// learned channel weights, on the stages of a classifier of the same data. LlamaGen's tokenizer has the same term on VGG.
/// </summary>
internal sealed class PerceptualLoss
{
    private const double Epsilon = 1e-5; // avoids dividing by zero if all channels are inactive

    private readonly ImageClassifier _classifier;

    /// <param name="classifier">Owned by the caller; its weights are frozen.</param>
    public PerceptualLoss(ImageClassifier classifier)
    {
        _classifier = classifier;
        foreach (var parameter in classifier.parameters())
        {
            parameter.requires_grad = false;
        }
    }

    /// <returns>A scalar: the mean squared distance of the normalised activations, summed over the stages; 0 to 2 per stage.</returns>
    /// <param name="restored">[B, 3, H, W] in [-1, 1].</param>
    /// <param name="image">[B, 3, H, W] in [-1, 1].</param>
    public Tensor Of(Tensor restored, Tensor image)
    {
        using var scope = NewDisposeScope();
        using var precise = new Autocast(null); // differences of activations are small, so they are not rounded to bfloat16
        List<Tensor> wanted;
        using (no_grad())
        {
            wanted = Normalised(image);
        }

        var distances = Normalised(restored).Zip(wanted, (first, second) => (first - second).square().sum(1).mean());
        return distances.Aggregate((sum, next) => sum + next).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the activations of every stage [B, C, h, w], normalised to length 1 over the channels.</summary>
    private List<Tensor> Normalised(Tensor pixels) =>
        [.. _classifier.Stages(pixels).Select(active => active / (active.square().sum(1, keepdim: true) + Epsilon).sqrt())];
}
