using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Files;

/// <summary>Uploads: what is accepted, what is refused, and that a refused upload leaves nothing behind.</summary>
public sealed class FileUploadTests(FileUploadTests.Service service) : IClassFixture<FileUploadTests.Service>
{
    private const string Content = "{\"custom_id\": \"1\"}\n";

    private readonly TestApi _api = service.Api;
    private readonly int _storedBefore = service.Api.Stored().Count;

    [Fact]
    public async Task Upload_File_ReturnsAFileObject()
    {
        var file = await _api.Upload(Content);

        var created = _api.Clock.GetUtcNow().ToUnixTimeSeconds();
        Assert.StartsWith("file-", (string?)file["id"], StringComparison.Ordinal);
        Assert.Equal(
            $$"""
            {"id":"{{file["id"]}}","object":"file","bytes":{{Content.Length}},"created_at":{{created}},"expires_at":{{created + (30 * 86_400)}},
            "filename":"requests.jsonl","purpose":"batch","status":"processed","status_details":null}
            """.ReplaceLineEndings(""),
            file.ToJsonString());
        Assert.Equal(Content, await _api.Client.GetStringAsync(new Uri($"/v1/files/{file["id"]}/content", UriKind.Relative)));
    }

    [Fact]
    public async Task Upload_FieldsBeforeTheFile_AreReadAsWell()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("batch"), "purpose" },
            { new StringContent("created_at"), "expires_after[anchor]" },
            { new StringContent("3600"), "expires_after[seconds]" },
            { new StringContent(Content), "file", "a.jsonl" },
        };

        var file = await Json(_api.Post("/v1/files", form));

        Assert.Equal(3_600, (long)file["expires_at"]! - (long)file["created_at"]!);
    }

    [Fact]
    public async Task Upload_FormOfANodeClient_IsAccepted()
    {
        // undici writes names in quotes and UTF-8, and the file's type; some clients write neither quotes nor a type.
        const string Form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Grüße.jsonl\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n{}\r\n"
            + "--b\r\nContent-Disposition: form-data; name=purpose\r\n\r\nbatch\r\n--b--\r\n";

        var file = await Json(_api.Post("/v1/files", Raw(Form)));

        Assert.Equal(("Grüße.jsonl", 2), ((string?)file["filename"], (int)file["bytes"]!));
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\data\\a b.jsonl", "a b.jsonl")]
    [InlineData("a\"b.jsonl", "a_b.jsonl")]
    [InlineData("..", "_")]
    public async Task Upload_FileNameWithAPath_KeepsTheNameAlone(string sent, string kept)
    {
        var quoted = sent.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        var form = $"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\n\r\nx\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b--\r\n";

        var file = await Json(_api.Post("/v1/files", Raw(form)));

        Assert.Equal(kept, (string?)file["filename"]);
    }

    [Theory]
    [InlineData("purpose", "required", "note", "x")]
    [InlineData("purpose", "invalid_value", "purpose", "fine-tune")]
    [InlineData("expires_after[seconds]", "required", "expires_after[anchor]", "created_at")]
    [InlineData("expires_after[anchor]", "required", "expires_after[seconds]", "3600")]
    public async Task Upload_InvalidField_IsNamedAndNothingIsKept(string param, string code, string name, string text)
    {
        (string, string)[] fields = name == "purpose" || name == "note" ? [(name, text)] : [("purpose", "batch"), (name, text)];

        var problems = await Problems(UploadForm.Of(Content, "a.jsonl", fields));

        Assert.Contains((param, code), problems);
        Assert.Equal(_storedBefore, _api.Stored().Count);
    }

    [Theory]
    [InlineData("3599")]
    [InlineData("2592001")]
    [InlineData("1e4")]
    [InlineData("-3600")]
    [InlineData("99999999999999999999")]
    public async Task Upload_LifetimeOutOfRange_IsRefused(string seconds)
    {
        var form = UploadForm.Of(Content, "a", ("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", seconds));

        Assert.Equal([("expires_after[seconds]", "out_of_range")], await Problems(form));
    }

    [Fact]
    public async Task Upload_SeveralProblems_AreNamedTogether()
    {
        var form = UploadForm.Of("", "a", ("purpose", "vision"), ("expires_after[anchor]", "now"), ("purposes", "batch"));

        Assert.Equal(
            [
                ("purposes", "unknown_field"), ("file", "empty_file"), ("purpose", "invalid_value"),
                ("expires_after[anchor]", "invalid_value"), ("expires_after[seconds]", "required"),
            ],
            await Problems(form));
    }

    [Theory]
    [InlineData("name=\"file\"\r\n\r\ntext", "wrong_type")]
    [InlineData("name=\"files\"; filename=\"a\"\r\n\r\ntext", "unknown_field")]
    [InlineData("name=\"purpose\"; filename=\"a\"\r\n\r\nbatch", "wrong_type")]
    public async Task Upload_FileAndTextExchanged_IsRefused(string part, string code)
    {
        var problems = await Problems(Raw($"--b\r\nContent-Disposition: form-data; {part}\r\n--b--\r\n"));

        Assert.Equal(code, problems[0].Code);
        Assert.Equal(_storedBefore, _api.Stored().Count);
    }

    [Fact]
    public async Task Upload_TwoFiles_IsRefusedAndNothingIsKept()
    {
        var form = UploadForm.Of(Content);
        form.Add(new StringContent(Content), "file", "b.jsonl");

        Assert.Equal([("file", "duplicate_field")], await Problems(form));
        Assert.Equal(_storedBefore, _api.Stored().Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf of the fi")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nwhole\r\n--b\r\n")]
    [InlineData("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n")]
    [InlineData("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n")]
    [InlineData("no form at all")]
    public async Task Upload_DamagedForm_IsRefusedAndNothingIsKept(string form)
    {
        using var response = await _api.Post("/v1/files", Raw(form));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(_storedBefore, _api.Stored().Count);
    }

    [Theory]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary=")]
    [InlineData("multipart/form-data; boundary=\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"")]
    public async Task Upload_NoBoundary_IsRefused(string contentType)
    {
        using var response = await _api.Post("/v1/files", Raw("x", contentType));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Upload_Json_IsUnsupported()
    {
        using var response = await _api.Post("/v1/files", new StringContent("{}", Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("multipart/form-data", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_FileAtTheLimit_IsAcceptedAndOneByteMoreIsNot()
    {
        Assert.Equal(100_000, (int)(await _api.Upload(new string('x', 100_000)))["bytes"]!);

        using var response = await _api.Post("/v1/files", UploadForm.Of(new string('x', 100_001)));

        var error = (await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "body_too_large", "file"), (response.StatusCode, (string?)error["code"], (string?)error["param"]));
        Assert.Equal(_storedBefore + 1, _api.Stored().Count);
    }

    [Fact]
    public async Task Upload_ManyParts_AreRefused()
    {
        var form = UploadForm.Of(Content);
        for (var field = 0; field < 20; field++)
        {
            form.Add(new StringContent("x"), $"field{field}");
        }

        using var response = await _api.Post("/v1/files", form);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(_storedBefore, _api.Stored().Count);
    }

    [Fact]
    public async Task Upload_LongTextField_IsRefusedWithoutBeingRepeated()
    {
        using var response = await _api.Post("/v1/files", UploadForm.Of(Content, "a", ("purpose", new string('x', 50_000))));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.Content.ReadAsStringAsync()).Length < 500);
    }

    private static StringContent Raw(string form, string contentType = "multipart/form-data; boundary=b")
    {
        var content = new StringContent(form);
        content.Headers.ContentType = null;
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return content;
    }

    private static async Task<JsonNode> Json(Task<HttpResponseMessage> answering)
    {
        using var response = await answering;
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    private async Task<IReadOnlyList<(string? Param, string? Code)>> Problems(HttpContent form)
    {
        using var response = await _api.Post("/v1/files", form);
        var error = (await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (response.StatusCode, (string?)error["type"]));
        return error["details"] is JsonArray details
            ? [.. details.Select(detail => ((string?)detail!["param"], (string?)detail["code"]))]
            : [((string?)error["param"], (string?)error["code"])];
    }

    public sealed class Service : IAsyncLifetime
    {
        public TestApi Api { get; } = new() { Settings = { ["Jobs:MaxFileBytes"] = "100000" } };

        public Task InitializeAsync() => Api.InitializeAsync();

        public Task DisposeAsync() => Api.DisposeAsync().AsTask();
    }
}
