using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class RgbaImageTests
{
    [Theory]
    [InlineData(127, true)]
    [InlineData(128, false)]
    public void IsTransparent_AlphaAroundHalf_IsBelow128(byte alpha, bool expected)
    {
        var image = new RgbaImage(1, 1, [1, 2, 3, alpha], hasAlpha: true);

        Assert.Equal(expected, image.IsTransparent(0));
        Assert.Equal(expected, image.HasTransparentPixels());
    }

    [Theory]
    [InlineData(8, 8, 8, 8)]
    [InlineData(7, 5, 3, 3)]
    [InlineData(3, 3, 8, 5)]
    [InlineData(40, 10, 6, 9)]
    [InlineData(13, 31, 8, 8)]
    [InlineData(1, 1, 8, 8)]
    [InlineData(100, 1, 8, 8)]
    [InlineData(15, 17, 16, 16)]
    public void CoverMask_EverySinglePixel_EditsAllThatItTouches(int width, int height, int newWidth, int newHeight)
    {
        var scale = Scale(width, height, newWidth, newHeight);
        for (var pixel = 0; pixel < width * height; pixel++)
        {
            var mask = Transparent(width, height, place => place == pixel).CoverMask(newWidth, newHeight);

            Assert.Equal(
                Enumerable.Range(0, newWidth * newHeight).Select(place =>
                    Touches(pixel % width, place % newWidth, width, newWidth, scale) && Touches(pixel / width, place / newWidth, height, newHeight, scale)),
                mask.Edited.ToArray());
        }
    }

    [Theory]
    [InlineData(30, 20)]
    [InlineData(8, 9)]
    [InlineData(5, 3)]
    [InlineData(127, 64)]
    public void CoverMask_BlackPartOfAPicture_IsWhereTheScaledPictureIsDark(int width, int height)
    {
        bool IsDark(int x, int y) => x >= width / 3 && x < width * 2 / 3 && y >= height / 4 && y < height * 3 / 4;
        var picture = new RgbImage(
            width, height, [.. Enumerable.Range(0, width * height * 3).Select(value => IsDark(value / 3 % width, value / 3 / width) ? (byte)0 : (byte)255)]);

        var mask = Transparent(width, height, place => IsDark(place % width, place / width)).CoverMask(16, 16);
        var scaled = ImageResizer.Cover(picture, 16, 16);

        Assert.False(mask.IsEmpty);
        Assert.All(Enumerable.Range(0, 16 * 16).Where(place => scaled.Pixels[place * 3] < 128), place => Assert.True(mask.Edited[place]));
        Assert.All(Enumerable.Range(0, 16 * 16).Where(place => mask.Edited[place]), place => Assert.True(scaled.Pixels[place * 3] < 255));
    }

    /// <summary>Source pixels per target pixel, as a fraction.</summary>
    private static (long Numerator, long Denominator) Scale(int width, int height, int newWidth, int newHeight) =>
        (long)width * newHeight <= (long)height * newWidth ? (width, newWidth) : (height, newHeight);

    /// <summary>Returns whether two pixels overlap on one axis. In units of 1 / (2 * denominator) of a source pixel, all positions are integers.</summary>
    private static bool Touches(int source, int target, int side, int newSide, (long Numerator, long Denominator) scale)
    {
        var margin = (side * scale.Denominator) - (newSide * scale.Numerator);
        var start = margin + (2 * target * scale.Numerator);
        var end = start + (2 * scale.Numerator);
        return Math.Max(start, 2 * source * scale.Denominator) < Math.Min(end, 2 * (source + 1) * scale.Denominator);
    }

    private static RgbaImage Transparent(int width, int height, Func<int, bool> isTransparent) => new(
        width,
        height,
        [.. Enumerable.Range(0, width * height * 4).Select(value => value % 4 == 3 && isTransparent(value / 4) ? (byte)0 : (byte)255)],
        hasAlpha: true);
}
