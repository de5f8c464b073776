using CtfService.Core.Generation;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Evaluation.Golden;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class StructuralSimilarityTests
{
    [Fact]
    public void Of_GoldenImages_IsScipys()
    {
        using var clean = Bytes(GoldenStatistics.Instance.CleanImage);
        using var noisy = Bytes(GoldenStatistics.Instance.NoisyImage);

        Assert.Equal(GoldenStatistics.Instance.Expected.Ssim, Assert.Single(StructuralSimilarity.Of(clean, noisy, white: 255)), 1e-12);
    }

    [Fact]
    public void Of_EqualImages_IsOne()
    {
        using var images = rand(2, 3, 11, 12);

        Assert.Equal([1.0, 1.0], StructuralSimilarity.Of(images, images, white: 1), (left, right) => Math.Abs(left - right) < 1e-9);
    }

    [Fact]
    public void Of_FlatImages_IsTheLuminanceTerm()
    {
        using var dark = full([1, 3, 11, 11], 0.25);
        using var bright = full([1, 3, 11, 11], 0.75);
        const double c1 = 0.0001;

        Assert.Equal(((2 * 0.25 * 0.75) + c1) / ((0.25 * 0.25) + (0.75 * 0.75) + c1), Assert.Single(StructuralSimilarity.Of(dark, bright, white: 1)), 1e-9);
    }

    [Fact]
    public void Of_SmallerThanTheWindow_Throws()
    {
        using var small = zeros(1, 3, 10, 20);

        Assert.Throws<ArgumentException>(() => StructuralSimilarity.Of(small, small, white: 1));
    }

    private static Tensor Bytes(RgbImage image) => tensor(image.Pixels, [1, image.Height, image.Width, 3]).permute(0, 3, 1, 2);
}
