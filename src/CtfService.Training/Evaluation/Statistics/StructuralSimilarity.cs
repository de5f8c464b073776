using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// SSIM (Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13) with the paper's parameters: window 11x11, Gaussian with deviation 1.5, K1 = 0.01, K2 = 0.03. Windows
/// that cross the border are excluded, as in the authors' program; all colour channels have equal weight.
/// </summary>
public static class StructuralSimilarity
{
    public const int WindowSide = 11;

    private const double Deviation = 1.5;
    private const double K1 = 0.01;
    private const double K2 = 0.03;

    /// <summary>Computes the SSIM of each image.</summary>
    /// <param name="expected">
    /// Pixels from 0 (black) to <paramref name="white"/>: [B, C, H, W], sides of at least <see cref="WindowSide"/>; not disposed.
    /// </param>
    /// <param name="actual">[B, C, H, W]; not disposed.</param>
    /// <param name="white">Value of white, such as 255 or 1.</param>
    /// <returns>SSIM of each image, -1 to 1; 1 means equal: [B].</returns>
    public static double[] Of(Tensor expected, Tensor actual, double white)
    {
        if (expected.dim() != 4 || !expected.shape.SequenceEqual(actual.shape) || expected.shape[2] < WindowSide || expected.shape[3] < WindowSide)
        {
            throw new ArgumentException(
                $"The batches are [{string.Join(", ", expected.shape)}] and [{string.Join(", ", actual.shape)}], "
                + $"expected equal shapes [B, C, H, W] with sides of at least {WindowSide}.",
                nameof(actual));
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var (x, y) = (Planes(expected), Planes(actual)); // [B * C, 1, H, W]
        using var window = Window();
        Tensor Blur(Tensor planes) => nn.functional.conv2d(nn.functional.conv2d(planes, window), window.transpose(2, 3)); // a Gaussian kernel is separable
        var (meanX, meanY) = (Blur(x), Blur(y));
        var (squareX, squareY, product) = (meanX.square(), meanY.square(), meanX * meanY);
        var varianceX = Blur(x.square()) - squareX;
        var varianceY = Blur(y.square()) - squareY;
        var covariance = Blur(x * y) - product;
        var (c1, c2) = (Math.Pow(K1 * white, 2), Math.Pow(K2 * white, 2));
        var similarity = ((product * 2) + c1) * ((covariance * 2) + c2) / ((squareX + squareY + c1) * (varianceX + varianceY + c2));
        return similarity.flatten(1).mean([1]).view(expected.shape[0], expected.shape[1]).mean([1]).data<double>().ToArray();
    }

    private static Tensor Planes(Tensor images) => images.to(float64, CPU).reshape(-1, 1, images.shape[2], images.shape[3]);

    /// <summary>Returns the window as a row [1, 1, 1, 11] that sums to one.</summary>
    private static Tensor Window()
    {
        using var scope = NewDisposeScope();
        var distance = arange(WindowSide, dtype: float64) - (WindowSide / 2);
        var weights = (distance.square() / (-2 * Deviation * Deviation)).exp();
        return (weights / weights.sum()).view(1, 1, 1, WindowSide).MoveToOuterDisposeScope();
    }
}
