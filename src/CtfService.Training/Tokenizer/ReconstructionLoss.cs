using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Reconstruction loss of an image: squared error, absolute error, and the absolute error of the differences between neighbouring pixels.</summary>
/// <param name="Total">Weighted sum to minimise. All parts are scalars.</param>
internal sealed record ReconstructionLoss(Tensor Total, Tensor Squared, Tensor Edges)
{
    private const double AbsoluteWeight = 0.2;
    private const double EdgeWeight = 0.2;

    /// <param name="restored">[B, 3, H, W].</param>
    /// <param name="image">[B, 3, H, W] in [-1, 1].</param>
    public static ReconstructionLoss Of(Tensor restored, Tensor image)
    {
        var difference = restored - image;
        var squared = difference.square().mean();
        var edges = Gradient(difference, 2).abs().mean() + Gradient(difference, 3).abs().mean();
        return new ReconstructionLoss(squared + (difference.abs().mean() * AbsoluteWeight) + (edges * EdgeWeight), squared, edges);
    }

    private static Tensor Gradient(Tensor difference, long dimension)
    {
        var length = difference.shape[dimension] - 1;
        return difference.narrow(dimension, 1, length) - difference.narrow(dimension, 0, length);
    }
}
