using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Data;
using CtfService.Training.Tests.Evaluation.Golden;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class ImageQualityTests
{
    [Fact]
    public void Psnr_ConstantErrors_IsTheMeanOfEachImagesRatio()
    {
        using var expected = zeros(2, 3, 4, 4);
        using var actual = tensor(new[] { 0.1f, 0.01f }).view(2, 1, 1, 1).expand(2, 3, 4, 4);

        Assert.Equal((20 + 40) / 2.0, ImageQuality.Psnr(expected, actual, range: 1), 1e-5); // 20 log10(1 / error)
        Assert.Equal(((20 + 40) / 2.0) + (20 * Math.Log10(2)), ImageQuality.Psnr(expected, actual, range: 2), 1e-5);
    }

    [Fact]
    public void Psnr_EqualImages_IsTheCeiling()
    {
        var image = TemporaryImages.Plain(4, 4, 1, 2, 3);

        Assert.Equal(ImageQuality.MaxDecibels, ImageQuality.Psnr(image, image));
    }

    [Fact]
    public void Psnr_Bytes_UsesTheirRange()
    {
        var decibels = ImageQuality.Psnr(TemporaryImages.Plain(4, 4, 10, 10, 10), TemporaryImages.Plain(4, 4, 15, 5, 15));

        Assert.Equal(20 * Math.Log10(255 / 5.0), decibels, 1e-9);
    }

    [Fact]
    public void Psnr_GoldenImages_IsNumpys()
    {
        Assert.Equal(
            GoldenStatistics.Instance.Expected.Psnr, ImageQuality.Psnr(GoldenStatistics.Instance.CleanImage, GoldenStatistics.Instance.NoisyImage), 1e-9);
    }

    [Fact]
    public void Psnr_DifferentShapes_Throws()
    {
        using var expected = zeros(1, 3, 4, 4);
        using var actual = zeros(1, 3, 2, 2);

        Assert.Throws<ArgumentException>(() => ImageQuality.Psnr(expected, actual, 1));
    }
}
