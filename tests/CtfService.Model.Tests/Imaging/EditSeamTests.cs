using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class EditSeamTests
{
    private static readonly RgbImage Black = Filled(16, 12, 0);
    private static readonly RgbImage White = Filled(16, 12, 255);

    [Fact]
    public void Blend_PixelsOutsideTheMask_AreThePictures()
    {
        var random = new Random(1);
        var (picture, drawn) = (Noise(random), Noise(random));
        bool[] edited = [.. Enumerable.Range(0, 16 * 12).Select(_ => random.Next(3) == 0)];

        var joined = EditSeam.Blend(picture, drawn, new EditMask(16, 12, edited));

        Assert.All(Enumerable.Range(0, edited.Length).Where(pixel => !edited[pixel]), pixel => Assert.Equal(Pixel(picture, pixel), Pixel(joined, pixel)));
    }

    [Fact]
    public void Blend_RightHalf_FadesOverTheSeamAndIsDrawnBeyond()
    {
        bool[] edited = [.. Enumerable.Range(0, 16 * 12).Select(pixel => pixel % 16 >= 8)];

        var joined = EditSeam.Blend(Black, White, new EditMask(16, 12, edited));

        byte[] row = [.. Enumerable.Range(0, 16).Select(x => joined.Pixels[((5 * 16) + x) * 3])];
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 85, 170, 255, 255, 255, 255, 255, 255], row);
    }

    [Fact]
    public void Blend_FullMask_IsTheDrawnImage()
    {
        var random = new Random(2);
        var (picture, drawn) = (Noise(random), Noise(random));

        var joined = EditSeam.Blend(picture, drawn, new EditMask(16, 12, [.. Enumerable.Repeat(true, 16 * 12)]));

        Assert.Equal(drawn.Pixels, joined.Pixels);
    }

    [Theory]
    [InlineData(16, 2)]
    [InlineData(64, 2)]
    [InlineData(256, 8)]
    [InlineData(384, 12)]
    public void WidthOf_Side_GrowsWithTheImage(int side, int expected) => Assert.Equal(expected, EditSeam.WidthOf(side, 2 * side));

    [Fact]
    public void Blend_SizesThatDiffer_Throws() =>
        Assert.Throws<ArgumentException>(() => EditSeam.Blend(Black, White, new EditMask(12, 16, new bool[16 * 12])));

    private static RgbImage Filled(int width, int height, byte value) => new(width, height, [.. Enumerable.Repeat(value, width * height * 3)]);

    private static RgbImage Noise(Random random)
    {
        var pixels = new byte[16 * 12 * 3];
        random.NextBytes(pixels);
        return new RgbImage(16, 12, pixels);
    }

    private static byte[] Pixel(RgbImage image, int pixel) => image.Pixels[(pixel * 3)..((pixel * 3) + 3)];
}
