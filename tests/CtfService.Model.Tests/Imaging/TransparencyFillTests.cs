using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Imaging;

public sealed class TransparencyFillTests
{
    [Fact]
    public void Fill_TransparentBorder_ContinuesTheColoursOfTheEdge()
    {
        // Red on the left, blue on the right; the transparent border around them is green, which must not be seen.
        var image = Image(8, 6, (x, y) => x is < 2 or >= 6 || y is < 2 or >= 4 ? (0, 255, 0, 0) : x < 4 ? (200, 0, 0, 255) : (0, 0, 200, 255));

        var filled = TransparencyFill.Fill(image);

        for (var place = 0; place < 8 * 6; place++)
        {
            var isLeft = place % 8 < 4;
            Assert.Equal([isLeft ? (byte)200 : (byte)0, 0, isLeft ? (byte)0 : (byte)200], filled.Pixels[(place * 3)..((place * 3) + 3)]);
        }
    }

    [Fact]
    public void Fill_RandomImage_GivesEachPixelTheColourOfANearestOpaqueOne()
    {
        var random = new Random(5);
        for (var round = 0; round < 50; round++)
        {
            var (width, height) = (random.Next(1, 12), random.Next(1, 12));
            var isOpaque = Enumerable.Range(0, width * height).Select(_ => random.Next(4) == 0).ToArray();
            isOpaque[random.Next(isOpaque.Length)] = true;
            var image = Image(width, height, (x, y) => (x, y, 7, isOpaque[(y * width) + x] ? 255 : 127)); // each colour is a place

            var filled = TransparencyFill.Fill(image);

            for (var place = 0; place < isOpaque.Length; place++)
            {
                var (x, y) = (place % width, place / width);
                var (fromX, fromY) = (filled.Pixels[place * 3], filled.Pixels[(place * 3) + 1]);
                Assert.True(isOpaque[(fromY * width) + fromX]);
                var nearest = Enumerable.Range(0, isOpaque.Length).Where(other => isOpaque[other])
                    .Min(other => Math.Abs((other % width) - x) + Math.Abs((other / width) - y));
                Assert.Equal(nearest, Math.Abs(fromX - x) + Math.Abs(fromY - y));
            }
        }
    }

    [Fact]
    public void Fill_PartlyTransparentButKept_HasItsOwnColour()
    {
        var filled = TransparencyFill.Fill(Image(2, 1, (x, _) => (90, 80, 70, x == 0 ? 128 : 0)));

        Assert.Equal([90, 80, 70, 90, 80, 70], filled.Pixels);
    }

    [Fact]
    public void Fill_NothingOpaque_IsWhite() =>
        Assert.All(TransparencyFill.Fill(Image(3, 3, (_, _) => (1, 2, 3, 0))).Pixels, value => Assert.Equal(255, value));

    private static RgbaImage Image(int width, int height, Func<int, int, (int R, int G, int B, int Alpha)> pixel) =>
        ImageCodec.DecodeWithAlpha(new MemoryStream(PngPicture.Of(width, height, pixel)));
}
