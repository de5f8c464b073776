using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Files;

/// <summary>Downloads: ranges, entity tags, HEAD, headers, and content that is gone.</summary>
public sealed class FileDownloadTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Content = "0123456789";

    private readonly TestApi _api = new();
    private string _path = "";

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _path = $"/v1/files/{(await _api.Upload(Content, "Grüße 1.jsonl"))["id"]}/content";
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Get_Content_HasItsHeaders()
    {
        using var response = await Get();

        Assert.Equal(Content, await response.Content.ReadAsStringAsync());
        Assert.Equal("application/jsonl", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(Content.Length, response.Content.Headers.ContentLength);
        Assert.Equal(("attachment", "Grüße 1.jsonl"), Disposition(response));
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
        Assert.False(response.Headers.ETag!.IsWeak);
        Assert.True(response.Headers.CacheControl is { Private: true, NoCache: true });
        Assert.NotNull(response.Content.Headers.LastModified);
    }

    [Theory]
    [InlineData("a.html", "application/octet-stream")]
    [InlineData("a.JSONL", "application/jsonl")]
    [InlineData("a.png", "image/png")]
    [InlineData("a", "application/octet-stream")]
    public async Task Get_Content_HasTheMediaTypeOfItsName(string name, string expected)
    {
        var file = await _api.Upload(Content, name);

        using var response = await _api.Send(HttpMethod.Get, $"/v1/files/{file["id"]}/content");

        Assert.Equal((expected, "attachment"), (response.Content.Headers.ContentType?.ToString(), Disposition(response).Type));
    }

    [Theory]
    [InlineData("bytes=2-4", "234", "bytes 2-4/10")]
    [InlineData("bytes=7-", "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", "89", "bytes 8-9/10")]
    [InlineData("bytes=5-99", "56789", "bytes 5-9/10")]
    public async Task Get_Range_SendsThatPart(string range, string part, string contentRange)
    {
        using var response = await Get(("Range", range));

        Assert.Equal((HttpStatusCode.PartialContent, part), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task Get_RangeBehindTheEnd_IsRefusedWithTheLength()
    {
        using var response = await Get(("Range", "bytes=10-"));

        var error = (await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "range_not_satisfiable"), (response.StatusCode, (string?)error["code"]));
        Assert.Equal("bytes */10", response.Content.Headers.ContentRange?.ToString());
    }

    [Theory]
    [InlineData("bytes=4-2")]
    [InlineData("lines=1-2")]
    [InlineData("nonsense")]
    public async Task Get_RangeThatIsNone_SendsEverything(string range)
    {
        using var response = await Get(("Range", range));

        Assert.Equal((HttpStatusCode.OK, Content), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Get_KnownETag_IsNotModified()
    {
        var tag = (await Get()).Headers.ETag!.ToString();

        using var known = await Get(("If-None-Match", tag));
        using var other = await Get(("If-None-Match", "\"0\""));
        using var must = await Get(("If-Match", "\"0\""));

        Assert.Equal((HttpStatusCode.NotModified, tag), (known.StatusCode, known.Headers.ETag?.ToString()));
        Assert.Empty(await known.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, must.StatusCode);
    }

    [Fact]
    public async Task Get_IfRange_SendsThePartOfThatFileOnly()
    {
        var tag = (await Get()).Headers.ETag!.ToString();

        using var same = await Get(("Range", "bytes=8-"), ("If-Range", tag));
        using var other = await Get(("Range", "bytes=8-"), ("If-Range", "\"0\""));

        Assert.Equal((HttpStatusCode.PartialContent, "89"), (same.StatusCode, await same.Content.ReadAsStringAsync()));
        Assert.Equal((HttpStatusCode.OK, Content), (other.StatusCode, await other.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Get_TwoFilesOfEqualContent_HaveDifferentETags()
    {
        var other = await _api.Upload(Content);

        using var response = await _api.Send(HttpMethod.Get, $"/v1/files/{other["id"]}/content");

        Assert.NotEqual((await Get()).Headers.ETag, response.Headers.ETag);
    }

    [Fact]
    public async Task Head_Content_HasTheHeadersOfGetWithoutABody()
    {
        using var get = await Get();

        using var head = await _api.Send(HttpMethod.Head, _path);

        Assert.Equal((HttpStatusCode.OK, (long?)Content.Length, get.Headers.ETag), (head.StatusCode, head.Content.Headers.ContentLength, head.Headers.ETag));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Get_ContentDeletedFromTheStorage_IsNotFoundAndSaysSo()
    {
        File.Delete(Assert.Single(_api.Stored()));

        using var response = await Get();

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("file_content_missing", (string?)(await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!["code"]);
    }

    [Fact]
    public async Task Any_StorageUnusable_IsUnavailableAndTheLogSaysWhy()
    {
        await using var api = new TestApi { Settings = { ["Storage:Folder"] = "/dev/null/x" } };
        await api.InitializeAsync();

        using var response = await api.Send(HttpMethod.Post, UploadForm.Path, UploadForm.Of(Content));

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(30)), (response.StatusCode, response.Headers.RetryAfter?.Delta));
        Assert.Equal("storage_unavailable", (string?)JsonNode.Parse(text)!["error"]!["code"]);
        Assert.DoesNotContain("/dev/null", text, StringComparison.Ordinal);
        Assert.Contains(api.Logs.Entries, entry => entry.Text.Contains("/dev/null/x", StringComparison.Ordinal));
    }

    private static (string? Type, string? Name) Disposition(HttpResponseMessage response) =>
        (response.Content.Headers.ContentDisposition?.DispositionType, response.Content.Headers.ContentDisposition?.FileNameStar);

    private Task<HttpResponseMessage> Get(params (string Name, string Value)[] headers) => _api.Send(HttpMethod.Get, _path, headers: headers);
}
