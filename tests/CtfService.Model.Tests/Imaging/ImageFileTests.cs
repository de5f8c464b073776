using System.Buffers.Binary;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Imaging;

public sealed class ImageFileTests
{
    private static readonly ImageProvenance Apple = ImageProvenance.Of(
        FakeModels.Fruits,
        new ImageSpecification(2, ulong.MaxValue, new SamplingSettings(0.1f, 7, 0.95f, 3.3f, 12), new SamplingSettings(1.1f, 5, 0.5f, 1.5f)));

    public static TheoryData<ImageFormat, int, int, int> Files
    {
        get
        {
            var files = new TheoryData<ImageFormat, int, int, int>();
            foreach (var format in Enum.GetValues<ImageFormat>())
            {
                foreach (var quality in new[] { 0, 90, 100 }) // WebP with quality 100 is lossless and has another chunk
                {
                    files.Add(format, quality, 1, 1);
                    files.Add(format, quality, 64, 48);
                    files.Add(format, quality, 301, 7);
                }
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Encode_AnyFormatQualityAndSize_HasThePixelsAndTheProvenance(ImageFormat format, int quality, int width, int height)
    {
        var image = Noise(width, height);

        var file = ImageFile.Encode(image, Apple, format, quality);

        var decoded = ImageCodec.Decode(file);
        Assert.Equal((width, height), (decoded.Width, decoded.Height));
        Assert.Equal(ImageCodec.Decode(ImageCodec.Encode(image, format, quality)).Pixels, decoded.Pixels);
        Assert.Equal(format, ImageFile.Recognize(file));
        Assert.Equal(Apple with { Quality = format == ImageFormat.Png ? null : quality }, ImageFile.FindProvenance(file));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void Encode_Twice_GivesTheSameBytes(ImageFormat format)
    {
        Assert.Equal(ImageFile.Encode(Noise(16, 16), Apple, format), ImageFile.Encode(Noise(16, 16), Apple, format));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void Encode_BytesOfTheCodec_AreUnchanged(ImageFormat format)
    {
        var plain = ImageCodec.Encode(Noise(64, 48), format);

        var file = ImageFile.Encode(Noise(64, 48), Apple, format);

        var pixels = plain.AsSpan(50); // after every header
        Assert.True(file.AsSpan().IndexOf(pixels) > 0);
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void Encode_AnyFormat_StatesThatAModelMadeIt(ImageFormat format)
    {
        var text = Encoding.UTF8.GetString(ImageFile.Encode(Noise(8, 8), Apple, format));

        Assert.Contains(
            "<Iptc4xmpExt:DigitalSourceType xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">"
                + "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia<",
            text,
            StringComparison.Ordinal);
        Assert.Contains($">{ImageProvenance.ThisSoftware}</xmp:CreatorTool>", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LayoutOrigin.Encoded, "\"layout\":\"encoded\"")]
    [InlineData(LayoutOrigin.Edited, "\"layout\":\"edited\"")]
    public void Encode_LayoutOfAPicture_StatesAComposite(LayoutOrigin layout, string expected)
    {
        var text = Encoding.UTF8.GetString(ImageFile.Encode(Noise(8, 8), Apple with { Layout = layout }, ImageFormat.Png));

        Assert.Contains("digitalsourcetype/compositeWithTrainedAlgorithmicMedia<", text, StringComparison.Ordinal);
        Assert.Contains(expected, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_EditWithTheLongestMask_FitsEveryFormat()
    {
        var model = FakeModels.Fruits with { ImageWidth = 1024, ImageHeight = 1024 };
        var mask = new EditMask(1024, 1024, [.. Enumerable.Range(0, 1 << 20).Select(pixel => pixel % 193 == 192)]);
        var edit = new LayoutSource.Edited(new RgbImage(1024, 1024, new byte[3 << 20]), mask);
        var provenance = Apple with { Layout = LayoutOrigin.Edited, Kept = KeptParts.Of(model, edit) };

        Assert.InRange(ProvenanceJson.Serialize(provenance).Length, KeptParts.MaxMaskLength, KeptParts.MaxMaskLength + 2_000);
        Assert.All(
            Enum.GetValues<ImageFormat>(),
            format => Assert.Equal(provenance.Kept, ImageFile.FindProvenance(ImageFile.Encode(Noise(8, 8), provenance, format))!.Kept));
    }

    [Fact]
    public void Encode_Png_HasTextsBeforeThePixels()
    {
        var file = ImageFile.Encode(Noise(8, 8), Apple, ImageFormat.Png);

        var text = Encoding.Latin1.GetString(file);
        Assert.Contains($"tEXtSoftware\0{ImageProvenance.ThisSoftware}", text, StringComparison.Ordinal);
        Assert.Contains("tEXtCtfService\0{\"software\":\"", text, StringComparison.Ordinal);
        Assert.InRange(text.IndexOf("iTXtXML:com.adobe.xmp\0\0\0\0\0", StringComparison.Ordinal), 0, text.IndexOf("IDAT", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("crème brûlée <&>\"'\u0001\uFFFE")]
    [InlineData("\uD83C\uDF4E 苹果")]
    public void FindProvenance_UnusualClassName_RoundTrips(string name)
    {
        var odd = Apple with { ClassLabel = name };

        Assert.All(
            Enum.GetValues<ImageFormat>(),
            format => Assert.Equal(name, ImageFile.FindProvenance(ImageFile.Encode(Noise(8, 8), odd, format))!.ClassLabel));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void FindProvenance_FileWithoutIt_IsNull(ImageFormat format)
    {
        Assert.Null(ImageFile.FindProvenance(ImageCodec.Encode(Noise(8, 8), format)));
    }

    [Fact]
    public void FindProvenance_NoImage_SaysSo()
    {
        Assert.Equal("it is not a PNG, JPEG or WebP image.", Fault("GIF89a, for example"u8.ToArray()));
        Assert.Equal("it is not a PNG, JPEG or WebP image.", Fault([]));
    }

    [Theory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public void FindProvenance_TruncatedBeforeIt_ThrowsInvalidData(ImageFormat format)
    {
        var file = ImageFile.Encode(Noise(8, 8), Apple, format);
        var end = file.AsSpan().IndexOf("x:xmpmeta"u8);

        for (var length = 12; length < Math.Min(end, 300); length++)
        {
            Assert.Throws<InvalidDataException>(() => ImageFile.FindProvenance(file.AsSpan(0, length)));
        }
    }

    [Fact]
    public void FindProvenance_ChangedPngText_Throws()
    {
        var file = ImageFile.Encode(Noise(8, 8), Apple, ImageFormat.Png);
        file[file.AsSpan().IndexOf("\"seed\":"u8) + 8] ^= 1;

        Assert.Contains("the checksum of its text 'CtfService' is wrong", Fault(file), StringComparison.Ordinal);
    }

    [Fact]
    public void FindProvenance_JpegSegmentShorterThanItsLength_Throws()
    {
        Assert.Contains("declares 1 bytes; expected at least 2", Fault([0xFF, 0xD8, 0xFF, 0xE1, 0, 1, 0, 0]), StringComparison.Ordinal);
        Assert.Contains("expected the start of a marker", Fault([0xFF, 0xD8, 0xFF, 0xE1, 0, 2, 7, 7]), StringComparison.Ordinal);
    }

    [Fact]
    public void FindProvenance_XmpOfAnotherTool_IsNull()
    {
        Assert.Null(ImageFile.FindProvenance(Webp("<x:xmpmeta xmlns:x='adobe:ns:meta/'><provenance>none of ours</provenance></x:xmpmeta>")));
    }

    [Fact]
    public void FindProvenance_XmpRewrittenAsAttribute_IsFound()
    {
        var json = ProvenanceJson.Serialize(Apple).Replace("\"", "&quot;", StringComparison.Ordinal);

        Assert.Equal(Apple, ImageFile.FindProvenance(Webp($"\uFEFF<a><b xmlns:q='urn:ctf-service:provenance:1.0' q:provenance=\"{json}\"/></a>")));
    }

    [Theory]
    [InlineData("<a>", "its XMP packet is damaged")]
    [InlineData("<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>", "its XMP packet is damaged")]
    [InlineData("<ctf:provenance xmlns:ctf='urn:ctf-service:provenance:1.0'>{}</ctf:provenance>", "its provenance is damaged")]
    public void FindProvenance_HostileXmp_IsRefused(string xmp, string expected)
    {
        Assert.Contains(expected, Fault(Webp(xmp)), StringComparison.Ordinal);
    }

    [Fact]
    public void FindProvenance_VeryLongXmp_IsRefused()
    {
        Assert.Contains("has 1048577 bytes; expected at most 1048576", Fault(Webp(new string(' ', (1 << 20) + 1))), StringComparison.Ordinal);
    }

    private static string Fault(byte[] file) => Assert.Throws<InvalidDataException>(() => ImageFile.FindProvenance(file)).Message;

    /// <summary>Returns a file with XMP only.</summary>
    private static byte[] Webp(string xmp)
    {
        var content = Encoding.UTF8.GetBytes(xmp);
        var lengths = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, 4 + 8 + content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), content.Length);
        return [.. "RIFF"u8, .. lengths[..4], .. "WEBP"u8, .. "XMP "u8, .. lengths[4..], .. content];
    }

    private static RgbImage Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(width).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
