using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class ImageResizerTests
{
    [Fact]
    public void Cover_SameSize_ReturnsTheImage()
    {
        var image = Grey(5, 5, (_, _) => 9);

        Assert.Same(image, ImageResizer.Cover(image, 5, 5));
    }

    [Theory]
    [InlineData(7, 5, 3, 3)]
    [InlineData(3, 3, 8, 5)]
    [InlineData(40, 10, 6, 9)]
    public void Cover_PlainImage_StaysPlain(int width, int height, int newWidth, int newHeight)
    {
        var resized = ImageResizer.Cover(Grey(width, height, (_, _) => 77), newWidth, newHeight);

        Assert.Equal((newWidth, newHeight), (resized.Width, resized.Height));
        Assert.All(resized.Pixels, value => Assert.Equal(77, value));
    }

    [Fact]
    public void Cover_FineCheckerboard_AveragesInsteadOfAliasing()
    {
        var resized = ImageResizer.Cover(Grey(64, 64, (x, y) => (x + y) % 2 * 255), 16, 16);

        Assert.All(Enumerable.Range(2, 12), x => Assert.InRange(resized.Pixels[((8 * 16) + x) * 3], 125, 130)); // away from the border
    }

    [Fact]
    public void Cover_WideImage_KeepsTheCentre()
    {
        var resized = ImageResizer.Cover(Grey(24, 8, (x, _) => x / 8 * 100), 8, 8); // thirds of 0, 100, 200

        Assert.All(resized.Pixels, value => Assert.Equal(100, value));
    }

    [Theory]
    [InlineData(1, 2_000_000)]
    [InlineData(2_000_000, 1)]
    public void Cover_ThinImage_AllocatesForTheCropOnly(int width, int height)
    {
        var image = Grey(width, height, (_, _) => 50);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var resized = ImageResizer.Cover(image, 64, 64);

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        Assert.All(resized.Pixels, value => Assert.Equal(50, value));
    }

    [Fact]
    public void Cover_TallImage_KeepsTheCentre()
    {
        var resized = ImageResizer.Cover(Grey(8, 24, (_, y) => y / 8 * 100), 8, 8); // thirds of 0, 100, 200

        Assert.All(resized.Pixels, value => Assert.Equal(100, value));
    }

    [Fact]
    public void Cover_LinearRamp_StaysLinear()
    {
        var resized = ImageResizer.Cover(Grey(32, 32, (x, _) => x * 8), 16, 16);

        Assert.All(Enumerable.Range(3, 10), x => Assert.InRange(resized.Pixels[((8 * 16) + x) * 3], (x * 16) + 3, (x * 16) + 5));
    }

    private static RgbImage Grey(int width, int height, Func<int, int, int> value)
    {
        var pixels = new byte[width * height * 3];
        for (var place = 0; place < width * height; place++)
        {
            pixels.AsSpan(place * 3, 3).Fill((byte)value(place % width, place / width));
        }

        return new RgbImage(width, height, pixels);
    }
}
