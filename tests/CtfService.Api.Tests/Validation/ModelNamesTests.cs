using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Validation;

/// <summary>Aliases for clients with a fixed model name.</summary>
public sealed class ModelNamesTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new() { Settings = { ["Model:Aliases:0"] = "gpt-image-1", ["Model:Aliases:1"] = "default" } };

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("fruits-fake")]
    [InlineData("gpt-image-1")]
    [InlineData("default")]
    public async Task AnyAlias_InARequestOrAPath_IsTheLoadedModel(string name)
    {
        var images = await _api.Generate($$"""{"class_label": 0, "model": "{{name}}"}""");
        var model = await _api.Client.GetFromJsonAsync<JsonObject>($"/v1/models/{name}");

        Assert.Equal("fruits-fake", images.Model);
        Assert.Equal("fruits-fake", (string?)model!["id"]);
        Assert.Equal(["gpt-image-1", "default"], model["aliases"]!.AsArray().Select(alias => (string?)alias));
    }

    [Theory]
    [InlineData("GPT-image-1")]
    [InlineData("dall-e-3")]
    public async Task UnknownName_InARequest_IsNotFoundAndNamesTheKnownOnes(string name)
    {
        using var request = await _api.PostImages($$"""{"class_label": 0, "model": "{{name}}"}""");
        using var address = await _api.Client.GetAsync(new Uri($"/v1/models/{name}", UriKind.Relative));

        var refused = await request.Error(HttpStatusCode.BadRequest);
        var missing = await address.Error(HttpStatusCode.NotFound);
        Assert.Equal(("model_not_found", "model_not_found"), (refused.Code, missing.Code));
        Assert.All([refused, missing], error => Assert.Contains("'fruits-fake' or 'gpt-image-1' or 'default'", error.Message, StringComparison.Ordinal));
    }
}
