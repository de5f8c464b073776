using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace CtfService.Api.Tests.Responses;

public sealed class ConditionalResponseTests(TestApi api) : IClassFixture<TestApi>
{
    private const string Seeded = """{"class_label": 0, "seed": 5}""";

    [Fact]
    public async Task Generate_WithSeed_HasAnETagAndCanBeCached()
    {
        using var image = await Post(Seeded, "image/png");
        using var again = await Post(Seeded, "image/png");

        Assert.False(image.Headers.ETag!.IsWeak);
        Assert.Matches("^\"[0-9a-f]{64}\"$", image.Headers.ETag.Tag);
        Assert.Equal(image.Headers.ETag, again.Headers.ETag);
        Assert.True(image.Headers.CacheControl is { Private: true, NoCache: true, NoStore: false });
        Assert.Contains("Accept", image.Headers.Vary);
    }

    [Fact]
    public async Task Generate_Json_HasAWeakETagBecauseItContainsItsTime()
    {
        using var json = await Post(Seeded);

        Assert.True(json.Headers.ETag!.IsWeak);
    }

    [Fact]
    public async Task Generate_WithoutSeed_IsNotCacheable()
    {
        using var response = await Post("""{"class_label": 0}""", ifNoneMatch: "*");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Null(response.Headers.ETag);
        Assert.True(response.Headers.CacheControl!.NoStore);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("image/png")]
    [InlineData("image/webp")]
    public async Task Generate_ETagMatches_Returns304WithoutGenerating(string accept)
    {
        using var first = await Post(Seeded, accept);
        var steps = api.Generator.Steps.Count;

        using var response = await Post(Seeded, accept, first.Headers.ETag!.ToString());

        Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
        Assert.Equal(first.Headers.ETag, response.Headers.ETag);
        Assert.NotNull(response.Headers.CacheControl);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(steps, api.Generator.Steps.Count);
    }

    [Theory]
    [InlineData("W/{0}")]
    [InlineData("\"other\", {0}")]
    [InlineData("*")]
    public async Task Generate_ETagIsInTheList_Returns304(string pattern)
    {
        using var first = await Post(Seeded, "image/png");

        using var response = await Post(Seeded, "image/png", pattern.Replace("{0}", first.Headers.ETag!.Tag, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
    }

    [Theory]
    [InlineData("\"other\"")]
    [InlineData("not a tag at all")]
    [InlineData("")]
    public async Task Generate_OtherETag_Generates(string known)
    {
        using var response = await Post(Seeded, "image/png", known);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("""{"class_label": 1, "seed": 5}""")]
    [InlineData("""{"class_label": 0, "seed": 6}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "n": 2}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "temperature": 0.5}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "top_k": 5}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "top_p": 0.5}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "guidance_scale": 3}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "fine": {"temperature": 0.5}}""")]
    [InlineData("""{"class_label": 0, "seed": 5, "output_compression": 5}""")]
    public async Task Generate_OtherParameter_HasAnotherETag(string json)
    {
        using var one = await Post(Seeded, "image/jpeg");
        using var other = await Post(json, "image/jpeg");

        Assert.NotEqual(one.Headers.ETag, other.Headers.ETag);
    }

    [Fact]
    public async Task Generate_OtherRepresentation_HasAnotherETag()
    {
        string?[] accepts = ["image/png", "image/jpeg", "image/webp", "application/json"];
        var tags = new HashSet<EntityTagHeaderValue>();
        foreach (var accept in accepts)
        {
            using var response = await Post(Seeded, accept);
            tags.Add(response.Headers.ETag!);
        }

        Assert.Equal(accepts.Length, tags.Count);
    }

    [Fact]
    public async Task Generate_InvalidRequestWithAnyETag_Returns400()
    {
        using var response = await Post("""{"class_label": 77, "seed": 5}""", ifNoneMatch: "*");

        await response.Error(HttpStatusCode.BadRequest);
    }

    private Task<HttpResponseMessage> Post(string json, string? accept = null, string? ifNoneMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, TestApi.Images) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (ifNoneMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        }

        return api.Client.SendAsync(request);
    }
}
