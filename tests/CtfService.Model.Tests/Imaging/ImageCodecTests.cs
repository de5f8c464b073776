using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Model.Tests.Imaging;

public sealed class ImageCodecTests
{
    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void ReadHeader_EveryFormat_ReturnsTheSize(ImageFormat format)
    {
        var file = ImageCodec.Encode(Corner(7, 5), format);

        Assert.Equal((7, 5), ImageCodec.ReadHeader(file));
    }

    public static TheoryData<ImageFormat, int, int, int, int, int> Orientations
    {
        get
        {
            // One dark corner, at the top left of the stored pixels. The table in Exif 2.32, 4.6.4, gives its displayed position.
            (int Width, int Height, int DarkX, int DarkY)[] shown =
                [(48, 32, 0, 0), (48, 32, 1, 0), (48, 32, 1, 1), (48, 32, 0, 1), (32, 48, 0, 0), (32, 48, 1, 0), (32, 48, 1, 1), (32, 48, 0, 1)];
            var data = new TheoryData<ImageFormat, int, int, int, int, int>();
            foreach (var format in Enum.GetValues<ImageFormat>())
            {
                for (var i = 0; i < shown.Length; i++)
                {
                    data.Add(format, i + 1, shown[i].Width, shown[i].Height, shown[i].DarkX, shown[i].DarkY);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Orientations))]
    public void Decode_FileWithOrientation_IsRotated(ImageFormat format, int orientation, int width, int height, int darkX, int darkY)
    {
        var file = ExifFiles.WithOrientation(ImageCodec.Encode(Corner(48, 32), format), format, (byte)orientation);

        foreach (var image in (RgbImage[])[ImageCodec.Decode(file), ImageCodec.Decode(new MemoryStream(file))])
        {
            Assert.Equal((width, height), (image.Width, image.Height));
            foreach (var (x, y) in ((int, int)[])[(0, 0), (1, 0), (0, 1), (1, 1)])
            {
                var shade = image.Pixels[(((y * (height - 1)) * width) + (x * (width - 1))) * 3];
                Assert.Equal((x, y) == (darkX, darkY), shade < 128);
            }
        }
    }

    [Fact]
    public void Decode_PngWithOrientationAfterThePixels_IsRotated()
    {
        var image = ImageCodec.Decode(ExifFiles.PngWithOrientation(ImageCodec.Encode(Corner(48, 32), ImageFormat.Png), 6, "IEND"));

        Assert.Equal((32, 48), (image.Width, image.Height));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(255)]
    public void Decode_PngWithAnUnknownOrientation_IsUnchanged(byte orientation)
    {
        var image = ImageCodec.Decode(ExifFiles.PngWithOrientation(ImageCodec.Encode(Corner(48, 32), ImageFormat.Png), orientation, "IDAT"));

        Assert.Equal((48, 32), (image.Width, image.Height));
    }

    [Fact]
    public void Decode_PngWithTruncatedExif_IsUnchangedOrRotated()
    {
        var png = ImageCodec.Encode(Corner(48, 32), ImageFormat.Png);
        for (var length = 0; length <= ExifFiles.Tiff(6).Length; length++)
        {
            var image = ImageCodec.Decode(PngChunks.Insert(png, "IDAT", "eXIf", ExifFiles.Tiff(6)[..length]));

            Assert.Equal(48 * 32, image.Width * image.Height);
        }
    }

    [Fact]
    public void Decode_PngCutOffAnywhere_IsDamagedOrHasAllPixels()
    {
        var png = ImageCodec.Encode(Corner(48, 32), ImageFormat.Png);
        for (var length = 0; length < png.Length; length++)
        {
            var refused = Record.Exception(() => ImageCodec.Decode(new BoundedStream(png[..length])));

            Assert.True(refused is InvalidDataException || (refused is null && length > png.Length / 2), $"{length} of {png.Length} bytes: {refused}");
        }
    }

    /// <summary>Refuses positions beyond its end, as the stream of an uploaded file does.</summary>
    private sealed class BoundedStream(byte[] content) : MemoryStream(content, writable: false)
    {
        public override long Position
        {
            get => base.Position;
            set => base.Position = value <= Length ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The position is beyond the end.");
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
}
