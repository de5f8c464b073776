using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>Measures how close images are to their originals.</summary>
public static class ImageQuality
{
    /// <summary>PSNR of equal images, whose ratio is infinite; keeps means finite.</summary>
    public const double MaxDecibels = 100;

    /// <summary>Returns the peak signal-to-noise ratio in decibels, averaged over the images.</summary>
    /// <param name="expected">One image per row: [B, ...].</param>
    /// <param name="actual">[B, ...]</param>
    /// <param name="range">Difference between the brightest and the darkest value: 1 for 0..1, 2 for -1..1, 255 for bytes.</param>
    public static double Psnr(Tensor expected, Tensor actual, double range)
    {
        if (!expected.shape.SequenceEqual(actual.shape))
        {
            throw new ArgumentException(
                $"Images to compare must have equal shapes: [{string.Join(", ", expected.shape)}] and [{string.Join(", ", actual.shape)}].", nameof(actual));
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var squares = (expected.to(float64) - actual.to(float64)).square().flatten(1).mean([1]).cpu(); // [B]
        return squares.data<double>().Average(meanSquare => Decibels(meanSquare, range));
    }

    /// <summary>Returns the PSNR of two 8-bit images, decibels.</summary>
    public static double Psnr(RgbImage expected, RgbImage actual)
    {
        if ((expected.Width, expected.Height) != (actual.Width, actual.Height))
        {
            throw new ArgumentException(
                $"Images to compare must have equal sizes: {expected.Width}x{expected.Height} and {actual.Width}x{actual.Height}.", nameof(actual));
        }

        var meanSquare = expected.Pixels.Zip(actual.Pixels, (left, right) => (double)(left - right) * (left - right)).Average();
        return Decibels(meanSquare, byte.MaxValue);
    }

    private static double Decibels(double meanSquare, double range) =>
        meanSquare == 0 ? MaxDecibels : Math.Min(10 * Math.Log10(range * range / meanSquare), MaxDecibels);
}
