using System.IO.Compression;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Imaging;

/// <summary>Provenance in files that other programs rewrote: ImageMagick compresses texts and moves them after the pixels, optimisers drop some.</summary>
public sealed class RewrittenProvenanceTests
{
    private const string Keyword = "CtfService\0";
    private const string XmpKeyword = "XML:com.adobe.xmp\0";

    private static readonly ImageProvenance Apple = ImageProvenance.Of(
        FakeModels.Fruits, new ImageSpecification(2, 7, new SamplingSettings(), new SamplingSettings()));

    private static readonly byte[] File = ImageFile.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), Apple, ImageFormat.Png);

    private static readonly byte[] Bare = PngChunks.Remove(PngChunks.Remove(File, "tEXt", Keyword), "iTXt", XmpKeyword);

    private static readonly string Json = ProvenanceJson.Serialize(Apple);

    public static TheoryData<string, byte[]> Texts => new()
    {
        { "tEXt", [.. Latin(Keyword + Json)] },
        { "zTXt", [.. Latin(Keyword), 0, .. Deflated(Latin(Json))] },
        { "iTXt", [.. Latin(Keyword), 0, 0, 0, 0, .. Latin(Json)] },
        { "iTXt", [.. Latin(Keyword), 0, 0, .. "en\0"u8, .. "translated\0"u8, .. Latin(Json)] },
        { "iTXt", [.. Latin(Keyword), 1, 0, 0, 0, .. Deflated(Latin(Json))] },
        { "iTXt", [.. Latin(XmpKeyword), 1, 0, 0, 0, .. Deflated(Xmp())] },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void FindProvenance_TextInAnotherChunk_IsFound(string type, byte[] content)
    {
        Assert.Null(ImageFile.FindProvenance(Bare));
        Assert.Equal(Apple, ImageFile.FindProvenance(PngChunks.Insert(Bare, "IDAT", type, content)));
        Assert.Equal(Apple, ImageFile.FindProvenance(PngChunks.Insert(Bare, "IEND", type, content)));
    }

    [Fact]
    public void FindProvenance_PngWithXmpOnly_IsFound()
    {
        Assert.Equal(Apple, ImageFile.FindProvenance(PngChunks.Remove(File, "tEXt", Keyword)));
    }

    [Theory]
    [InlineData("zTXt", new byte[] { 0 })]
    [InlineData("iTXt", new byte[] { 1, 0, 0, 0 })]
    public void FindProvenance_TextThatInflatesTooFar_IsRefused(string type, byte[] header)
    {
        var bomb = PngChunks.Insert(Bare, "IDAT", type, [.. Latin(Keyword), .. header, .. Deflated(new byte[64 << 20])]);

        Assert.Equal("its text 'CtfService' inflates to more than 1048576 bytes.", Fault(bomb));
    }

    public static TheoryData<string, byte[]> Damaged => new()
    {
        { "zTXt", [] },
        { "zTXt", [1, 2, 3] },
        { "zTXt", [0, 1, 2, 3] },
        { "iTXt", [] },
        { "iTXt", [1] },
        { "iTXt", [0, 0, 1, 2] },
        { "iTXt", [1, 0, 0, 0, 1, 2, 3] },
        { "iTXt", [1, 9, 0, 0, 1, 2, 3] },
        { "tEXt", [] },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void FindProvenance_DamagedText_Throws(string type, byte[] content)
    {
        Assert.NotEmpty(Fault(PngChunks.Insert(Bare, "IDAT", type, [.. Latin(Keyword), .. content])));
    }

    private static string Fault(byte[] file) => Assert.Throws<InvalidDataException>(() => ImageFile.FindProvenance(file)).Message;

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Deflated(byte[] bytes)
    {
        var output = new MemoryStream();
        using (var zlib = new ZLibStream(output, CompressionLevel.Optimal))
        {
            zlib.Write(bytes);
        }

        return output.ToArray();
    }

    /// <summary>Returns the XMP packet of the file.</summary>
    private static byte[] Xmp()
    {
        var start = File.AsSpan().IndexOf("<?xpacket begin"u8);
        var end = File.AsSpan().IndexOf("<?xpacket end=\"r\"?>"u8) + "<?xpacket end=\"r\"?>".Length;
        return File[start..end];
    }
}
