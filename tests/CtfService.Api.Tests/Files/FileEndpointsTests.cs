using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Batches;
using CtfService.Api.Tests.Security;
using CtfService.Jobs.Files;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Files;

/// <summary>Files of keys: list, describe, delete, quota.</summary>
public sealed class FileEndpointsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = TestKeys.Api(("Jobs:MaxStoredBytes", "1000"));

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Get_OwnFile_IsTheUploadedObject()
    {
        var file = await _api.Upload("x", key: TestKeys.Studio);

        Assert.Equal(file.ToJsonString(), (await Json($"/v1/files/{file["id"]}")).ToJsonString());
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/content")]
    [InlineData("DELETE", "")]
    public async Task Any_FileOfAnotherKey_IsNotFound(string method, string rest)
    {
        var id = (string)(await _api.Upload("x", key: TestKeys.Studio))["id"]!;

        using var other = await _api.Send(new HttpMethod(method), $"/v1/files/{id}{rest}", key: TestKeys.Operator);
        using var unknown = await _api.Send(new HttpMethod(method), $"/v1/files/file-0{rest}", key: TestKeys.Operator);

        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        Assert.Equal(
            (await unknown.Content.ReadAsStringAsync()).Replace("file-0", id, StringComparison.Ordinal), await other.Content.ReadAsStringAsync());
        Assert.Equal("x", await Text($"/v1/files/{id}/content"));
        Assert.Empty((await Json("/v1/files", TestKeys.Operator))["data"]!.AsArray());
    }

    [Fact]
    public async Task Any_NoKey_IsUnauthorized()
    {
        foreach (var request in new[] { "GET /v1/files", "POST /v1/files", "GET /v1/files/x", "DELETE /v1/files/x", "GET /v1/files/x/content" })
        {
            var (method, path) = (request.Split(' ')[0], request.Split(' ')[1]);
            using var response = await _api.Send(new HttpMethod(method), path, method == "POST" ? UploadForm.Of("x") : null);

            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Empty(_api.Stored());
    }

    [Fact]
    public async Task Delete_File_IsGoneWithItsContent()
    {
        var id = (string)(await _api.Upload("x", key: TestKeys.Studio))["id"]!;

        using var deleted = await _api.Send(HttpMethod.Delete, $"/v1/files/{id}", key: TestKeys.Studio);
        using var again = await _api.Send(HttpMethod.Delete, $"/v1/files/{id}", key: TestKeys.Studio);

        Assert.Equal($$"""{"id":"{{id}}","object":"file","deleted":true}""", await deleted.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        Assert.Empty(_api.Stored());
    }

    [Fact]
    public async Task Delete_WhileTheStorageFails_CanBeRepeatedAndLeavesNothing()
    {
        var files = new MemoryFileStore();
        await using var api = TestKeys.Api(services => services.AddSingleton<IFileStore>(files));
        await api.InitializeAsync();
        var id = (string)(await api.Upload("x", key: TestKeys.Studio))["id"]!;

        files.BeforeDelete = _ => throw new FileStoreUnavailableException("The volume is gone.");
        using var refused = await api.Send(HttpMethod.Delete, $"/v1/files/{id}", key: TestKeys.Studio);
        files.BeforeDelete = _ => { };
        using var deleted = await api.Send(HttpMethod.Delete, $"/v1/files/{id}", key: TestKeys.Studio);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (refused.StatusCode, deleted.StatusCode));
        Assert.Empty(files.Files);
    }

    [Fact]
    public async Task List_Pages_ReturnEveryFileOnceInOrder()
    {
        var ids = new List<string>();
        for (var number = 0; number < 5; number++)
        {
            ids.Add((string)(await _api.Upload("x", $"{number}.jsonl", TestKeys.Studio))["id"]!);
        }

        var first = await Json("/v1/files?limit=2");
        var second = await Json($"/v1/files?limit=2&after={first["last_id"]}");
        var last = await Json($"/v1/files?limit=2&after={second["last_id"]}&purpose=batch&order=desc");

        Assert.Equal((true, true, false), ((bool)first["has_more"]!, (bool)second["has_more"]!, (bool)last["has_more"]!));
        Assert.Equal(Enumerable.Reverse(ids), new[] { first, second, last }.SelectMany(Ids));
        Assert.Equal(Ids(first)[0], (string?)first["first_id"]);
        Assert.Equal(ids, Ids(await Json("/v1/files?order=asc")));
        Assert.Empty(Ids(await Json("/v1/files?purpose=batch_output")));
    }

    [Fact]
    public async Task List_NoFiles_IsAnEmptyPage() =>
        Assert.Equal("""{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}""", await Text("/v1/files"));

    [Theory]
    [InlineData("limit=0", "limit", "out_of_range")]
    [InlineData("limit=10001", "limit", "out_of_range")]
    [InlineData("limit=ten", "limit", "wrong_type")]
    [InlineData("limit=99999999999", "limit", "wrong_type")]
    [InlineData("order=random", "order", "invalid_value")]
    [InlineData("purpose=vision", "purpose", "invalid_value")]
    [InlineData("after=file-0", "after", "invalid_value")]
    public async Task List_InvalidQuery_IsRefused(string query, string param, string code)
    {
        using var response = await _api.Send(HttpMethod.Get, $"/v1/files?{query}", key: TestKeys.Studio);

        var error = (await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, param, code), (response.StatusCode, (string?)error["param"], (string?)error["code"]));
        var expected = code == "wrong_type" ? $"{param} is '{query.Split('=')[1]}'; expected an integer." : param;
        Assert.Contains(expected, (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_BeyondTheQuotaOfTheKey_IsRefusedUntilAFileIsDeleted()
    {
        var id = (await _api.Upload(new string('x', 400), key: TestKeys.Studio))["id"];

        using var refused = await _api.Send(HttpMethod.Post, "/v1/files", UploadForm.Of(new string('x', 601)), TestKeys.Studio);
        await _api.Upload(new string('x', 600), key: TestKeys.Operator);
        using var deleted = await _api.Send(HttpMethod.Delete, $"/v1/files/{id}", key: TestKeys.Studio);
        await _api.Upload(new string('x', 601), key: TestKeys.Studio);

        var error = (await refused.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "storage_quota_exceeded"), (refused.StatusCode, (string?)error["code"]));
        Assert.Contains("Jobs:MaxStoredBytes", (string?)error["message"], StringComparison.Ordinal);
        Assert.Equal(2, _api.Stored().Count);
    }

    [Fact]
    public async Task Upload_ManyAtOnce_DoNotExceedTheQuotaTogether()
    {
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => _api.Send(HttpMethod.Post, "/v1/files", UploadForm.Of(new string('x', 300)), TestKeys.Studio)));

        Assert.Equal(3, responses.Count(response => response.IsSuccessStatusCode));
        Assert.Equal(3, _api.Stored().Count);
    }

    [Fact]
    public async Task Service_JobsDisabled_HasNoFiles()
    {
        await using var without = new TestApi { Settings = { ["Jobs:Enabled"] = "false" } };
        await without.InitializeAsync();

        using var response = await without.Send(HttpMethod.Get, "/v1/files");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static IReadOnlyList<string> Ids(JsonNode page) => [.. page["data"]!.AsArray().Select(file => (string)file!["id"]!)];

    private async Task<JsonNode> Json(string path, string key = TestKeys.Studio) => JsonNode.Parse(await Text(path, key))!;

    private async Task<string> Text(string path, string key = TestKeys.Studio)
    {
        using var response = await _api.Send(HttpMethod.Get, path, key: key);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }
}
