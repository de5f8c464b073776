using CtfService.Core.Generation;

namespace CtfService.Core.Tests.Generation;

public sealed class RgbImageTests
{
    [Fact]
    public void Construct_BytesFitTheSize_KeepsThem()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6];

        var image = new RgbImage(width: 2, height: 1, pixels);

        Assert.Equal((2, 1), (image.Width, image.Height));
        Assert.Same(pixels, image.Pixels);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(7)]
    public void Construct_BytesDoNotFitTheSize_NamesTheExpectedNumber(int bytes)
    {
        var error = Assert.Throws<ArgumentException>(() => new RgbImage(2, 1, new byte[bytes]));

        Assert.Contains($"2x1 RGB image needs 6 bytes, not {bytes}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, -1)]
    public void Construct_SideIsNotPositive_Throws(int width, int height)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new RgbImage(width, height, []));
    }
}
