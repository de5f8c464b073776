using System.Net;
using CtfService.Api.Tests.Security;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>GET /v1/classes/{class}/image.</summary>
public sealed class ClassImageTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData(null, "webp")]
    [InlineData("*/*", "webp")]
    [InlineData("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "webp")]
    [InlineData("image/*", "webp")]
    [InlineData("image/png", "png")]
    [InlineData("image/jpeg, image/png;q=0.5", "jpeg")]
    public async Task Image_AcceptHeader_ChoosesTheFormat(string? accept, string expected)
    {
        using var response = await api.Get("/v1/classes/4/image", accept is null ? null : ("Accept", accept));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal($"image/{expected}", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("private, no-cache", string.Join(", ", response.Headers.GetValues("Cache-Control").Single().Split(", ").OrderDescending()));
        Assert.Equal(("0", "Cherry"), (response.Headers.GetValues("X-Seed").Single(), response.Headers.GetValues("X-Class-Label").Single()));
        Assert.NotNull(ImageFile.FindProvenance(await response.Content.ReadAsByteArrayAsync())!.Model);
    }

    [Theory]
    [InlineData("/v1/classes/Red%20Apple/image")]
    [InlineData("/v1/classes/red_apple/image?seed=0")]
    [InlineData("/V1/Classes/2/Image/")]
    public async Task Image_NameOrIndex_IsTheSameImage(string path)
    {
        using var byIndex = await api.Get("/v1/classes/2/image");
        using var response = await api.Get(path);

        Assert.Equal(await byIndex.Content.ReadAsByteArrayAsync(), await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(byIndex.Headers.ETag, response.Headers.ETag);
    }

    [Fact]
    public async Task Image_KnownETag_Returns304WithoutDrawing()
    {
        using var first = await api.Get("/v1/classes/1/image");
        var drawn = Drawn();

        using var known = await api.Get("/v1/classes/1/image", ("If-None-Match", first.Headers.ETag!.ToString()));
        using var otherSeed = await api.Get("/v1/classes/1/image?seed=18446744073709551615", ("If-None-Match", first.Headers.ETag!.ToString()));

        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal(HttpStatusCode.OK, otherSeed.StatusCode);
        Assert.Equal("18446744073709551615", otherSeed.Headers.GetValues("X-Seed").Single());
        Assert.Equal(drawn + 1, Drawn());
    }

    [Fact]
    public async Task Image_Pixels_AreThoseOfAGeneration()
    {
        using var response = await api.Get("/v1/classes/3/image?seed=7", ("Accept", "image/png"));
        var generated = await api.Generate("""{"class_label": 3, "seed": 7}""");

        var (expected, actual) = (ImageCodec.Decode(generated.Data[0].File), ImageCodec.Decode(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal(expected.Pixels, actual.Pixels);
    }

    [Theory]
    [InlineData("/v1/classes/Chery/image", HttpStatusCode.NotFound, "unknown_class", "class", "Did you mean 'Cherry'?")]
    [InlineData("/v1/classes/5/image", HttpStatusCode.NotFound, "unknown_class", "class", "an index from 0 to 4")]
    [InlineData("/v1/classes/-1/image", HttpStatusCode.NotFound, "unknown_class", "class", "GET /v1/classes")]
    [InlineData("/v1/classes/1/image?seed=first", HttpStatusCode.BadRequest, "wrong_type", "seed", "'first'; expected an integer from 0 to 2^64-1")]
    [InlineData("/v1/classes/1/image?seed=-1", HttpStatusCode.BadRequest, "wrong_type", "seed", "'-1'")]
    [InlineData("/v1/classes/1/image?seed=18446744073709551616", HttpStatusCode.BadRequest, "wrong_type", "seed", "2^64-1")]
    public async Task Image_WrongClassOrSeed_IsExplained(string path, HttpStatusCode status, string code, string param, string text)
    {
        using var response = await api.Get(path);

        var error = await response.Error(status);
        Assert.Equal((code, param), (error.Code, error.Param));
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_NoAcceptableFormat_Returns406()
    {
        using var response = await api.Get("/v1/classes/1/image", ("Accept", "application/json"));

        var error = await response.Error(HttpStatusCode.NotAcceptable);
        Assert.Contains("image/png, image/jpeg, image/webp", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_KeyWithALimit_CountsAsOneImage()
    {
        await using var guarded = TestKeys.Api(("Security:ApiKeys:0:ImagesPerDay", "1"));
        await guarded.InitializeAsync();
        var key = ("Authorization", $"Bearer {TestKeys.Studio}");

        using var without = await guarded.Get("/v1/classes/1/image");
        using var first = await guarded.Get("/v1/classes/1/image", key);
        using var second = await guarded.Get("/v1/classes/2/image", key);

        await without.Error(HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("rate_limit_exceeded", (await second.Error(HttpStatusCode.TooManyRequests)).Code);
    }

    [Fact]
    public async Task Image_Priority_IsBatch()
    {
        await using var own = new TestApi();
        await own.InitializeAsync();
        using var gate = own.Generator.HoldNextStep();
        var image = own.Get("/v1/classes/1/image");
        await gate.Entered;
        var interactive = own.Generate("""{"class_label": 0}""");
        await own.WhenWaiting(1);

        Assert.Equal(2, own.Generator.RowsBelow(ImagePriority.Interactive)); // it gives way to interactive images
        gate.Open();
        await interactive;
        using var response = await image;
    }

    private int Drawn() => api.Generator.Steps.Sum(step => step.Count);
}
