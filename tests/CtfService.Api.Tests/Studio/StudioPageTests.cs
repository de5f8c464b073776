using System.IO.Compression;
using System.Net;
using CtfService.Api.Tests.Security;

namespace CtfService.Api.Tests.Studio;

/// <summary>How the page and its files are served.</summary>
public sealed class StudioPageTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/studio/app.js", "text/javascript; charset=utf-8")]
    [InlineData("/Studio/studio.css", "text/css; charset=utf-8")]
    [InlineData("/studio/icon.svg", "image/svg+xml; charset=utf-8")]
    public async Task File_Get_IsServedForRevalidation(string path, string mediaType)
    {
        using var response = await api.Get(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(mediaType, response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        Assert.False(response.Headers.ETag!.IsWeak);
        Assert.Equal((await response.Content.ReadAsByteArrayAsync()).Length, response.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task File_KnownETag_Returns304WithoutABody()
    {
        using var first = await api.Get("/studio/app.js");
        using var second = await api.Get("/studio/app.js", ("If-None-Match", first.Headers.ETag!.ToString()));
        using var other = await api.Get("/studio/app.js", ("If-None-Match", "\"of-an-older-version\""));

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Theory]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("br;q=0, *", "gzip")]
    [InlineData("identity", null)]
    [InlineData(null, null)]
    public async Task File_AcceptedEncodings_ChooseTheSmallest(string? accepted, string? expected)
    {
        using var plain = await api.Get("/studio/api.js");
        using var response = await api.Get("/studio/api.js", accepted is null ? null : ("Accept-Encoding", accepted));

        Assert.Equal(expected, response.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal("Accept-Encoding", Assert.Single(response.Headers.Vary));
        Assert.Equal(expected is null, plain.Headers.ETag!.Equals(response.Headers.ETag)); // each representation has its own
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await Decoded(response.Content, expected));
    }

    [Theory]
    [InlineData("/studio/nothing.js")]
    [InlineData("/studio/../appsettings.json")]
    [InlineData("/studio/..%2f..%2fappsettings.json")]
    [InlineData("/studio/%2e%2e/%2e%2e/appsettings.json")]
    [InlineData("/index.html/x")]
    public async Task File_OtherPath_Returns404(string path)
    {
        using var response = await api.Get(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Folder_Get_LeadsToThePage()
    {
        using var response = await api.Get("/studio");

        Assert.Equal(("/", HttpStatusCode.Redirect), (response.Headers.Location?.ToString(), response.StatusCode));
    }

    [Fact]
    public async Task File_KeysAndLimitsConfigured_NeedsNoKeyAndCountsInNoLimit()
    {
        await using var guarded = TestKeys.Api(("Security:RequestsPerMinute", "1"));
        await guarded.InitializeAsync();

        for (var i = 0; i < 5; i++)
        {
            using var response = await guarded.Get("/studio/app.js");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task Page_TurnedOff_LeadsToSwaggerInstead()
    {
        await using var off = new TestApi { Settings = { ["Studio:Enabled"] = "false" } };
        await off.InitializeAsync();

        using var root = await off.Get("/");
        using var file = await off.Get("/studio/app.js");

        Assert.Equal(("/swagger", HttpStatusCode.Redirect), (root.Headers.Location?.ToString(), root.StatusCode));
        Assert.Equal(HttpStatusCode.NotFound, file.StatusCode);
    }

    private static async Task<string> Decoded(HttpContent content, string? encoding)
    {
        var body = await content.ReadAsStreamAsync();
        await using var plain = encoding switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        };
        return await new StreamReader(plain).ReadToEndAsync();
    }
}
