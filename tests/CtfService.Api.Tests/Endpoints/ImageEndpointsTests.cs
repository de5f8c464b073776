using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Endpoints;

public sealed class ImageEndpointsTests(TestApi api) : IClassFixture<TestApi>
{
    private ImageSpecification Last => api.Generator.Steps[^1][^1];

    [Fact]
    public async Task Generate_OnlyAClass_ReturnsOnePngWithAllFields()
    {
        var answer = await api.Generate("""{"class_label": "apple"}""");

        Assert.Equal("fruits-fake", answer.Model);
        Assert.Equal("png", answer.OutputFormat);
        Assert.Equal("8x8", answer.Size);
        Assert.Equal(api.Clock.GetUtcNow().ToUnixTimeSeconds(), answer.Created);
        Assert.Equal(new WireUsage(1, 4, 5), answer.Usage);
        Assert.Equal((3.0, 2.0, 1.0), (answer.Timings.CoarseMs, answer.Timings.FineMs, answer.Timings.DecodeMs));
        var image = Assert.Single(answer.Data);
        Assert.Equal((0, "apple"), (image.ClassId!.Value, image.ClassLabel));
        Assert.Null(image.Layout);
        Assert.Equal((8, 8), (ImageCodec.Decode(image.File).Width, ImageCodec.Decode(image.File).Height));
    }

    [Theory]
    [InlineData("""{"class_label": "RED-apple"}""", 2)]
    [InlineData("""{"class_label": " cherry "}""", 4)]
    [InlineData("""{"class_label": 3}""", 3)]
    [InlineData("""{"class_label": "3"}""", 3)]
    [InlineData("""{"prompt": "Red_Apple"}""", 2)]
    [InlineData("""{"prompt": "a photo of a banana, please"}""", 1)]
    [InlineData("""{"prompt": "one red apple"}""", 2)]
    [InlineData("""{"prompt": "a pineapple"}""", 3)]
    [InlineData("""{"prompt": "ignored words", "class_label": 1}""", 1)]
    [InlineData("""{"prompt": "a banana", "class_label": 1}""", 1)]
    public async Task Generate_ClassByNameIndexOrPrompt_DrawsThatClass(string json, int expected)
    {
        var answer = await api.Generate(json);

        Assert.Equal(expected, answer.Data[0].ClassId);
        Assert.Equal(expected, Last.ClassId);
    }

    [Theory]
    [InlineData("auto", "auto", "auto", "auto")]
    [InlineData("8x8", "standard", "opaque", "low")]
    public async Task Generate_OpenAiFieldsMatchTheDefaultResult_AreAccepted(string size, string quality, string background, string moderation)
    {
        var answer = await api.Generate(
            $$"""{"prompt": "apple", "size": "{{size}}", "quality": "{{quality}}", "background": "{{background}}", "moderation": "{{moderation}}"}""");

        Assert.Equal("8x8", answer.Size);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task Generate_SmallestAndLargestN_ReturnsThatManyImages(int n)
    {
        var answer = await api.Generate($$"""{"class_label": 0, "n": {{n}}, "seed": 5}""");

        Assert.Equal(Enumerable.Range(0, n).Select(i => ImageSeed.Derive(5, i)), answer.Data.Select(image => image.Seed));
        Assert.Equal(n * 4, answer.Usage.OutputTokens);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("\"18446744073709551615\"", ulong.MaxValue)]
    [InlineData("\"7\"", 7)]
    public async Task Generate_SeedAsNumberOrString_IsUsedAndReturned(string seed, ulong expected)
    {
        var answer = await api.Generate($$"""{"class_label": 0, "seed": {{seed}}}""");

        Assert.Equal(expected, answer.Data[0].Seed);
        Assert.Equal(expected, Last.Seed);
    }

    [Fact]
    public async Task Generate_NoSeed_DrawsANewOneThatJavaScriptCanRepresent()
    {
        var first = await api.Generate("""{"class_label": 0}""");
        var second = await api.Generate("""{"class_label": 0}""");

        Assert.NotEqual(first.Data[0].Seed, second.Data[0].Seed);
        Assert.True(first.Data[0].Seed < 1UL << 53);
    }

    [Fact]
    public async Task Generate_SameSeedTwice_ReturnsIdenticalBytes()
    {
        const string Request = """{"class_label": 0, "n": 2, "seed": 42}""";

        var first = await api.Generate(Request);
        var second = await api.Generate(Request);

        Assert.Equal(first.Data.Select(image => image.B64Json), second.Data.Select(image => image.B64Json));
    }

    [Fact]
    public async Task Generate_ReturnedSeedAlone_RepeatsThatImage()
    {
        var four = await api.Generate("""{"class_label": 0, "n": 4, "seed": 42}""");

        var one = await api.Generate($$"""{"class_label": 0, "seed": {{four.Data[3].Seed}}}""");

        Assert.Equal(four.Data[3].B64Json, one.Data[0].B64Json);
    }

    [Fact]
    public async Task Generate_SamplingGiven_ReachesTheGenerator()
    {
        await api.Generate("""
            {"class_label": 0, "temperature": 0.5, "top_k": 7, "top_p": 0.9, "guidance_scale": 3,
             "fine": {"temperature": 0, "top_k": 0, "top_p": 1, "guidance_scale": 1.5}}
            """);

        Assert.Equal(new SamplingSettings(0.5f, 7, 0.9f, 3), Last.Coarse);
        Assert.Equal(new SamplingSettings(0, 0, 1, 1.5f), Last.Fine);
    }

    [Fact]
    public async Task Generate_SamplingAbsentOrNull_UsesTheDefaultsOfTheModel()
    {
        await api.Generate("""{"class_label": 0, "temperature": null, "fine": {"temperature": 0.5}}""");

        Assert.Equal(api.Generator.Model.DefaultCoarse, Last.Coarse);
        Assert.Equal(api.Generator.Model.DefaultFine with { Temperature = 0.5f }, Last.Fine);
    }

    [Theory]
    [InlineData("""{"class_label": 0, "temperature": 0}""")]
    [InlineData("""{"class_label": 0, "temperature": 10}""")]
    [InlineData("""{"class_label": 0, "guidance_scale": 1}""")]
    [InlineData("""{"class_label": 0, "guidance_scale": 20}""")]
    [InlineData("""{"class_label": 0, "top_p": 1}""")]
    [InlineData("""{"class_label": 0, "top_p": 0.0001}""")]
    [InlineData("""{"class_label": 0, "top_k": 2147483647}""")]
    [InlineData("""{"class_label": 0, "output_compression": 0}""")]
    [InlineData("""{"class_label": 0, "output_compression": 100}""")]
    [InlineData("""{"class_label": 0, "model": "fruits-fake", "response_format": "b64_json", "user": "me"}""")]
    public async Task Generate_ValueAtTheEndOfItsRange_IsAccepted(string json)
    {
        Assert.Single((await api.Generate(json)).Data);
    }

    [Theory]
    [InlineData("png", new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' })]
    [InlineData("jpeg", new byte[] { 0xFF, 0xD8, 0xFF })]
    [InlineData("webp", new[] { (byte)'R', (byte)'I', (byte)'F', (byte)'F' })]
    public async Task Generate_OutputFormat_EncodesInThatFormat(string format, byte[] signature)
    {
        var answer = await api.Generate($$"""{"class_label": 0, "output_format": "{{format}}"}""");

        Assert.Equal(format, answer.OutputFormat);
        Assert.Equal(signature, answer.Data[0].File[..signature.Length]);
    }

    [Fact]
    public async Task Generate_OutputCompression_IsTheQualityOfTheFile()
    {
        var rough = await api.Generate("""{"class_label": 0, "seed": 1, "output_format": "jpeg", "output_compression": 1}""");
        var fine = await api.Generate("""{"class_label": 0, "seed": 1, "output_format": "jpeg", "output_compression": 100}""");

        Assert.True(rough.Data[0].File.Length < fine.Data[0].File.Length);
    }

    [Fact]
    public async Task Generate_AcceptPng_ReturnsTheImageFile()
    {
        var json = await api.Generate("""{"class_label": 2, "seed": 9}""");

        using var response = await api.PostImages("""{"class_label": 2, "seed": 9}""", accept: "image/png");

        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(json.Data[0].File, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("9", Assert.Single(response.Headers.GetValues("X-Seed")));
        Assert.Equal("red apple", Assert.Single(response.Headers.GetValues("X-Class-Label")));
    }

    [Fact]
    public async Task Generate_AcceptPngAndSeveralImages_ReturnsAContactSheet()
    {
        using var response = await api.PostImages("""{"class_label": 0, "n": 5}""", accept: "image/png");

        RgbImage sheet = ImageCodec.Decode(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(((3 * 8) + (2 * 2), (2 * 8) + 2), (sheet.Width, sheet.Height)); // 3 columns, 2 rows, gaps of 2
    }

    [Fact]
    public async Task Generate_EveryImage_HasItsProvenance()
    {
        var answer = await api.Generate("""{"class_label": 2, "n": 2, "seed": 9, "top_k": 5, "output_format": "webp", "output_compression": 40}""");

        var said = answer.Data.Select(image => ImageFile.FindProvenance(image.File)!).ToList();
        Assert.Equal([9, ImageSeed.Derive(9, 1)], said.Select(provenance => provenance.Seed));
        Assert.All(said, provenance => Assert.Equal(
            ImageProvenance.Of(api.Generator.Model, Last) with { Seed = provenance.Seed, Quality = 40 }, provenance));
    }

    [Fact]
    public async Task Generate_ContactSheet_HasSeedAndCountOfTheRequest()
    {
        using var response = await api.PostImages("""{"class_label": 1, "n": 5, "seed": 9}""", accept: "image/jpeg");

        var said = ImageFile.FindProvenance(await response.Content.ReadAsByteArrayAsync())!;
        Assert.Equal((1, 9UL, new SheetShape(5, 3)), (said.ClassId, said.Seed, said.Sheet));
    }

    [Theory]
    [InlineData("image/jpeg", null, "image/jpeg")]
    [InlineData("image/*", "webp", "image/webp")]
    [InlineData("*/*", null, "application/json")]
    [InlineData("application/json;q=0.1, image/webp;q=0.9", null, "image/webp")]
    public async Task Generate_Accept_DecidesTheBody(string accept, string? format, string expected)
    {
        var json = format is null ? """{"class_label": 0}""" : $$"""{"class_label": 0, "output_format": "{{format}}"}""";

        using var response = await api.PostImages(json, accept);

        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }
}
