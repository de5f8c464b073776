using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

public sealed class AugmentedImageTests
{
    private const float Black = -1;
    private const float White = 1;

    // 2x2: red channel 0, 51, 102, 153; the others 0.
    private static readonly byte[] Small = [0, 0, 0, 51, 0, 0, 102, 0, 0, 153, 0, 0];

    [Fact]
    public void Write_NoChange_ScalesToMinusOneToOneChannelsFirst()
    {
        var pixels = Write(AugmentationDraw.None);

        Assert.Equal([-1f, -0.6f, -0.2f, 0.2f, -1, -1, -1, -1, -1, -1, -1, -1], pixels, Near);
    }

    [Fact]
    public void Write_Shift_PadsWithWhite()
    {
        var pixels = Write(AugmentationDraw.None with { ShiftX = 1 });

        Assert.Equal([White, -1f, White, -0.2f, White, Black, White, Black], pixels[..8], Near);
    }

    [Theory]
    [InlineData(true, false, 0, new[] { 51, 0, 153, 102 })]
    [InlineData(false, true, 0, new[] { 102, 153, 0, 51 })]
    [InlineData(false, false, 1, new[] { 102, 0, 153, 51 })]
    [InlineData(false, false, 2, new[] { 153, 102, 51, 0 })]
    [InlineData(false, false, 3, new[] { 51, 153, 0, 102 })]
    public void Write_FlipsAndTurns_MovePixels(bool flipX, bool flipY, int turns, int[] expected)
    {
        var pixels = Write(AugmentationDraw.None with { FlipX = flipX, FlipY = flipY, QuarterTurns = turns });

        Assert.Equal(expected.Select(value => (value / 127.5f) - 1), pixels[..4], Near);
    }

    [Fact]
    public void Write_Brightness_ScalesAndClips()
    {
        var pixels = Write(AugmentationDraw.None with { Brightness = 2 });

        Assert.Equal([-1f, -0.2f, 0.6f, 1f], pixels[..4], Near);
    }

    [Fact]
    public void Write_Blur_KeepsPlainImagesAndTheMean()
    {
        var plain = new float[3 * 8 * 8];
        AugmentedImage.Write(TemporaryImages.Plain(8, 8, 51, 51, 51).Pixels, 8, 8, AugmentationDraw.None with { Blur = 1.2f }, plain);
        var spot = TemporaryImages.Plain(9, 9, 0, 0, 0).Pixels;
        spot[((4 * 9) + 4) * 3] = 255;
        var blurred = new float[3 * 9 * 9];
        AugmentedImage.Write(spot, 9, 9, AugmentationDraw.None with { Blur = 1 }, blurred);

        Assert.All(plain, pixel => Assert.Equal(-0.6f, pixel, 1e-5f));
        Assert.Equal(2f, blurred[..81].Sum(pixel => pixel + 1), 1e-4f);
        Assert.True(blurred[40] > blurred[41] && blurred[41] > blurred[42] && blurred[42] > -1);
    }

    [Fact]
    public void Write_Noise_HasTheRequestedDeviation()
    {
        var pixels = new float[3 * 64 * 64];

        AugmentedImage.Write(TemporaryImages.Plain(64, 64, 128, 128, 128).Pixels, 64, 64, AugmentationDraw.None with { Noise = 0.05f, NoiseSeed = 3 }, pixels);

        var mean = pixels.Average();
        var deviation = Math.Sqrt(pixels.Average(pixel => (pixel - mean) * (pixel - mean)));
        Assert.Equal(0, mean, 0.01);
        Assert.Equal(0.1, deviation, 0.003); // pixels span 2
    }

    private static float[] Write(AugmentationDraw draw)
    {
        var pixels = new float[12];
        AugmentedImage.Write(Small, 2, 2, draw, pixels);
        return pixels;
    }

    private static bool Near(float left, float right) => Math.Abs(left - right) < 1e-5f;
}
