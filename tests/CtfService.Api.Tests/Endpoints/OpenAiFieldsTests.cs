using System.Net;
using System.Text.Json;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>
/// Requests of programs that were written for OpenAI's service: they succeed, and the response names every field that had no effect.
/// </summary>
public sealed class OpenAiFieldsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new() { Settings = { ["Model:Aliases:0"] = "dall-e-3", ["Model:Aliases:1"] = "gpt-image-1" } };

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    [Theory]
    // LangChain for JavaScript
    [InlineData(
        """{"model": "dall-e-3", "prompt": "an apple", "n": 1, "size": "1024x1024", "quality": "standard", "style": "vivid", "response_format": "url"}""",
        "size, style")]
    [InlineData("""{"model": "dall-e-3", "prompt": "an apple", "n": 1, "size": "1024x1024", "quality": "hd"}""", "size, quality")] // LangChain for Python
    // OpenAI's .NET sample
    [InlineData(
        """{"model": "dall-e-3", "prompt": "an apple", "quality": "hd", "size": "1792x1024", "style": "vivid", "response_format": "b64_json", "user": "u"}""",
        "size, quality, style")]
    [InlineData(
        """{"model": "gpt-image-1", "prompt": "an apple", "quality": "high", "background": "transparent", "moderation": "low", "output_format": "png"}""",
        "quality, background")]
    [InlineData("""{"model": "gpt-image-1", "prompt": "an apple", "n": 1, "size": "512x512"}""", "size")] // Open WebUI
    public async Task Generate_RequestOfAnOpenAiProgram_SucceedsAndNamesFieldsWithoutEffect(string json, string expected)
    {
        using var response = await _api.PostImages(json);

        var answer = JsonSerializer.Deserialize<WireImagesResponse>(await response.Content.ReadAsStringAsync(), WireFormat.Json)!;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected.Split(", ").Order(), Assert.Single(response.Headers.GetValues("X-Warnings")).Split(", ").Order());
        Assert.Equal(expected.Split(", ").Order(), answer.Warnings!.Select(warning => warning.Param).Order());
        Assert.All(answer.Warnings!, warning => Assert.Contains("no effect", warning.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(
        """{"class_label": 0, "style": null, "quality": null, "size": null, "background": null, "moderation": null, "seed": null, "response_format": null}""")]
    [InlineData("""{"class_label": 0, "quality": "auto", "size": "auto", "background": "opaque", "moderation": "low"}""")]
    public async Task Generate_FieldsMatchTheDefaultResult_HasNoWarnings(string json)
    {
        using var response = await _api.PostImages(json);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(response.Headers.Contains("X-Warnings"));
        Assert.DoesNotContain("warnings", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_ImageBodyOrStream_NamesTheFieldsInTheHeader()
    {
        using var image = await _api.PostImages("""{"class_label": 0, "style": "vivid"}""", "image/png");
        using var stream = await _api.PostImages("""{"class_label": 0, "style": "vivid", "stream": true}""");

        Assert.Equal(["style"], image.Headers.GetValues("X-Warnings"));
        Assert.Equal(["style"], stream.Headers.GetValues("X-Warnings"));
        Assert.Contains("\"warnings\":[{\"param\":\"style\"", await stream.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"class_label": 0, "response_format": "url"}""", true)]
    [InlineData("""{"class_label": 0, "model": "dall-e-3"}""", true)]
    [InlineData("""{"class_label": 0, "model": "dall-e-3", "response_format": "b64_json"}""", false)]
    [InlineData("""{"class_label": 0, "model": "gpt-image-1"}""", false)]
    [InlineData("""{"class_label": 0}""", false)]
    public async Task Generate_Url_IsADataUrlIfOpenAiReturnsAUrl(string json, bool hasLink)
    {
        var image = Assert.Single((await _api.Generate(json)).Data);

        Assert.Equal(hasLink ? $"data:image/png;base64,{image.B64Json}" : null, image.Url);
    }

    [Fact]
    public async Task Generate_PromptIsMisspelt_SaysHowItWasRead()
    {
        var answer = await _api.Generate("""{"prompt": "two ripe bananna"}""");

        Assert.Equal("banana", Assert.Single(answer.Data).ClassLabel);
        Assert.Contains("'banana'", Assert.Single(answer.Warnings!).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two ripe bananas", "banana")]
    [InlineData("cherries", "Cherry")]
    [InlineData("a pine apple", "pineapple")]
    public async Task Generate_PromptInPlural_DrawsTheClassWithoutWarning(string prompt, string expected)
    {
        var answer = await _api.Generate($$"""{"prompt": "{{prompt}}"}""");

        Assert.Equal(expected, Assert.Single(answer.Data).ClassLabel);
        Assert.Null(answer.Warnings);
    }

    [Theory]
    [InlineData("/images/generations", "Send the request to /v1/images/generations")]
    [InlineData("/v1/v1/images/generations", "Send the request to /v1/images/generations")]
    [InlineData("/images/edits", "/v1/images/edits")]
    public async Task Post_PathOfAnotherOpenAiEndpoint_NamesTheRightPath(string path, string hint)
    {
        using var content = new StringContent("{}");
        using var response = await _api.Client.PostAsync(new Uri(path, UriKind.Relative), content);

        var error = await response.Error(HttpStatusCode.NotFound);
        Assert.Equal("unknown_route", error.Code);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/models")]
    [InlineData("/classes?q=apple")]
    public async Task Get_PathWithoutV1_NamesTheRightPath(string path)
    {
        using var response = await _api.Client.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Contains($"/v1{path.Split('?')[0]}", (await response.Error(HttpStatusCode.NotFound)).Message, StringComparison.Ordinal);
    }
}
