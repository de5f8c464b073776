using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The page reads what files of the service record, and survives every other file.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class ProvenanceReadingTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>
{
    private const string ReadOne = "(module, text) => module.readProvenance(new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))]))";
    private const string Read = $"(module, text) => ({ReadOne})(module, text).then(found => JSON.stringify(found))";
    private const string ReadAll = $"(module, texts) => Promise.all(texts.map(text => ({ReadOne})(module, text).then(found => typeof found)))";

    private static readonly ImageProvenance Provenance = new()
    {
        Software = "CtfService 9.9.9",
        Model = "fruits-64",
        BundleHash = new string('a', 64),
        ClassId = 1,
        ClassLabel = "crème \"brûlée\" <1> & 果",
        Seed = ulong.MaxValue,
        Coarse = new SamplingSettings { Temperature = 0.9f, TopK = 50, TopP = 0.8f, GuidanceScale = 1.5f },
        Fine = new SamplingSettings(),
        Sampler = "gumbel_max",
    };

    [ChromiumTheory]
    [InlineData(ImageFormat.Png)]
    [InlineData(ImageFormat.Jpeg)]
    [InlineData(ImageFormat.Webp)]
    public async Task File_OfTheService_TellsClassSeedAndSettings(ImageFormat format)
    {
        await using var studio = await browser.OpenModulesAsync(service);

        var found = await studio.Call<string>("provenance.js", Read, Convert.ToBase64String(File(format)));

        const string expected = """
            {"software":"CtfService 9.9.9","model":"fruits-64","bundleHash":"HASH","classId":1,"classLabel":"crème \"brûlée\" <1> & 果",
            "seed":"18446744073709551615","layout":"drawn",
            "coarse":{"temperature":0.9,"topK":50,"topP":0.8,"guidanceScale":1.5},
            "fine":{"temperature":1,"topK":0,"topP":1,"guidanceScale":1},"sampler":"gumbel_max","isSheet":false,"isPreview":false}
            """;
        Assert.Equal(expected.ReplaceLineEndings(""), found.Replace(Provenance.BundleHash, "HASH", StringComparison.Ordinal));
    }

    [ChromiumTheory]
    [InlineData("tEXt")]
    [InlineData("zTXt")]
    [InlineData("iTXt")]
    [InlineData("iTXt, compressed")]
    public async Task Png_TextRewrittenByAnotherProgram_IsRead(string kind)
    {
        await using var studio = await browser.OpenModulesAsync(service);

        var found = await studio.Call<string>("provenance.js", Read, Convert.ToBase64String(Rewritten(kind)));

        Assert.Contains("\"seed\":\"18446744073709551615\"", found, StringComparison.Ordinal);
    }

    [ChromiumFact]
    public async Task File_WithoutProvenanceOrDamaged_IsRead()
    {
        var random = new Random(5);
        byte[][] files =
        [
            [], [0xFF], "RIFF"u8.ToArray(), [.. "RIFF\0\0\0\0WEBPXMP "u8], ImageCodec.Encode(Black, ImageFormat.Png), [.. Enumerable.Repeat((byte)0xFF, 1_000)],
            .. Enum.GetValues<ImageFormat>().SelectMany(format => Enumerable.Range(0, 150).Select(i => Damaged(File(format), i, random))),
        ];
        await using var studio = await browser.OpenModulesAsync(service);

        var kinds = await studio.Call<string[]>("provenance.js", ReadAll, files.Select(Convert.ToBase64String).ToArray());

        Assert.Equal(files.Length, kinds.Count(kind => kind == "object")); // null is an object as well; nothing has thrown
        Assert.Empty(studio.Complaints);
    }

    private static RgbImage Black => new(8, 8, new byte[8 * 8 * 3]);

    private static byte[] File(ImageFormat format) => ImageFile.Encode(Black, Provenance, format);

    /// <summary>Cut off, or with a few other bytes.</summary>
    private static byte[] Damaged(byte[] file, int i, Random random)
    {
        var damaged = i % 3 == 0 ? file[..random.Next(file.Length)] : [.. file];
        for (var change = 0; change < i % 3 * 4 && damaged.Length > 0; change++)
        {
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        }

        return damaged;
    }

    /// <summary>A PNG file that has the provenance in one text only.</summary>
    private static byte[] Rewritten(string kind)
    {
        var json = ProvenanceJson.Serialize(Provenance);
        var text = Encoding.ASCII.GetBytes(json);
        byte[] content = kind switch
        {
            "tEXt" => [.. "CtfService\0"u8, .. text],
            "zTXt" => [.. "CtfService\0\0"u8, .. Deflated(text)],
            "iTXt" => [.. "CtfService\0\0\0en\0\0"u8, .. text],
            _ => [.. "CtfService\0\u0001\0en\0\0"u8, .. Deflated(text)],
        };
        var plain = ImageCodec.Encode(Black, ImageFormat.Png);
        const int headerEnd = 8 + 25;
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [.. plain[..headerEnd], .. length, .. Encoding.ASCII.GetBytes(kind[..4]), .. content, 0, 0, 0, 0, .. plain[headerEnd..]];
    }

    private static byte[] Deflated(byte[] text)
    {
        using var deflated = new MemoryStream();
        using (var stream = new ZLibStream(deflated, CompressionLevel.Optimal))
        {
            stream.Write(text);
        }

        return deflated.ToArray();
    }
}
