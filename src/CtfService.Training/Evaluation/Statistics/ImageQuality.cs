using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>How close images are to the ones they stand for.</summary>
public static class ImageQuality
{
    /// <summary>Stands for the infinite ratio of equal images, so that a mean stays finite.</summary>
    public const double MaxDecibels = 100;

    /// <summary>Peak signal-to-noise ratio in decibels, the mean over images of each image's own ratio.</summary>
    /// <param name="expected">One image per row: [B, ...].</param>
    /// <param name="actual">[B, ...]</param>
    /// <param name="range">From the darkest to the brightest value: 1 for 0..1, 2 for -1..1, 255 for bytes.</param>
    public static double Psnr(Tensor expected, Tensor actual, double range)
    {
        if (!expected.shape.SequenceEqual(actual.shape))
        {
            throw new ArgumentException($"Images to compare must be alike: [{string.Join(", ", expected.shape)}] against [{string.Join(", ", actual.shape)}].", nameof(actual));
        }

        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var squares = (expected.to(float64) - actual.to(float64)).square().flatten(1).mean([1]).cpu(); // [B]
        return squares.data<double>().Average(meanSquare => Decibels(meanSquare, range));
    }

    /// <summary>Of two 8-bit images.</summary>
    public static double Psnr(RgbImage expected, RgbImage actual)
    {
        if ((expected.Width, expected.Height) != (actual.Width, actual.Height))
        {
            throw new ArgumentException($"Images to compare must be alike: {expected.Width}x{expected.Height} against {actual.Width}x{actual.Height}.", nameof(actual));
        }

        var meanSquare = expected.Pixels.Zip(actual.Pixels, (left, right) => (double)(left - right) * (left - right)).Average();
        return Decibels(meanSquare, byte.MaxValue);
    }

    private static double Decibels(double meanSquare, double range) =>
        meanSquare == 0 ? MaxDecibels : Math.Min(10 * Math.Log10(range * range / meanSquare), MaxDecibels);
}
