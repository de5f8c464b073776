using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Contracts;
using CtfService.Inference.Status;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Endpoints;

public sealed class ModelEndpointsTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public async Task Get_LoadedModel_DescribesIt()
    {
        var model = await api.Client.GetFromJsonAsync<JsonObject>("/v1/models/fruits-fake");

        var expected = JsonNode.Parse($$"""
            {"id": "fruits-fake", "aliases": [], "object": "model", "created": {{api.Clock.GetUtcNow().ToUnixTimeSeconds()}},
             "owned_by": "ctf-service", "size": "8x8", "classes": 5, "tokens_per_image": 4, "codebook_size": 16, "clusters": 4, "has_fine_stage": true,
             "bundle_hash": "{{new string('a', 64)}}", "device": null, "dtype": null,
             "defaults": {"coarse": {"temperature": 1.1, "top_k": 0, "top_p": 1, "guidance_scale": 2},
                          "fine": {"temperature": 1, "top_k": 3, "top_p": 1, "guidance_scale": 1} } }
            """);
        Assert.True(JsonNode.DeepEquals(expected, model), model!.ToJsonString());
    }

    [Fact]
    public void From_ModelOnADevice_NamesDeviceAndElementType()
    {
        var model = ModelResponse.From(new ModelStatus.Ready(FakeModels.Fruits with { Device = "cpu", Dtype = "int8" }, api.Clock.GetUtcNow()), []);

        Assert.Equal(("cpu", "int8"), (model.Device, model.Dtype));
    }

    [Fact]
    public async Task List_OneModelIsLoaded_ContainsIt()
    {
        var list = await api.Client.GetFromJsonAsync<JsonObject>("/v1/models");

        Assert.Equal("list", (string?)list!["object"]);
        Assert.Equal("fruits-fake", (string?)Assert.Single(list["data"]!.AsArray())!["id"]);
    }

    [Fact]
    public async Task Get_OtherModel_Returns404WithTheLoadedName()
    {
        using var response = await api.Client.GetAsync(new Uri("/v1/models/gpt-image-1", UriKind.Relative));

        var error = await response.Error(HttpStatusCode.NotFound);
        Assert.Equal(("model_not_found", "id"), (error.Code, error.Param));
        Assert.Contains("'fruits-fake'", error.Message, StringComparison.Ordinal);
    }
}
