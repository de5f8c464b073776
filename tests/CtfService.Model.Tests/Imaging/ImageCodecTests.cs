using CtfService.Core.Imaging;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class ImageCodecTests
{
    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void ReadHeader_EveryFormat_SaysTheSize(ImageFormat format)
    {
        var file = ImageCodec.Encode(Corner(7, 5), format);

        Assert.Equal((7, 5), ImageCodec.ReadHeader(file));
    }

    /// <summary>One dark corner, at the top left of the stored pixels; where it is shown follows from the table in Exif 2.32, 4.6.4.</summary>
    [Theory]
    [InlineData(1, 48, 32, 0, 0)]
    [InlineData(2, 48, 32, 1, 0)]
    [InlineData(3, 48, 32, 1, 1)]
    [InlineData(4, 48, 32, 0, 1)]
    [InlineData(5, 32, 48, 0, 0)]
    [InlineData(6, 32, 48, 1, 0)]
    [InlineData(7, 32, 48, 1, 1)]
    [InlineData(8, 32, 48, 0, 1)]
    public void Decode_JpegWithOrientation_IsTurned(int orientation, int width, int height, int darkX, int darkY)
    {
        var image = ImageCodec.Decode(WithOrientation(ImageCodec.Encode(Corner(48, 32), ImageFormat.Jpeg), (byte)orientation));

        Assert.Equal((width, height), (image.Width, image.Height));
        foreach (var (x, y) in ((int, int)[])[(0, 0), (1, 0), (0, 1), (1, 1)])
        {
            var shade = image.Pixels[(((y * (height - 1)) * width) + (x * (width - 1))) * 3];
            Assert.Equal((x, y) == (darkX, darkY), shade < 128);
        }
    }

    private static RgbImage Corner(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        for (var place = 0; place < width * height; place++)
        {
            pixels.AsSpan(place * 3, 3).Fill((byte)(place % width < width / 3 && place / width < height / 3 ? 0 : 255));
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>Puts an EXIF segment with the one tag behind the start of a JPEG file.</summary>
    private static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] tiff = [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        byte[] payload = [.. "Exif\0\0"u8, .. tiff];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(payload.Length + 2), .. payload, .. jpeg[2..]];
    }
}
