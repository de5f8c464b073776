using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Security;

namespace CtfService.Api.Tests.Description;

/// <summary>The document for Swagger UI: the same API as in the document for generators, in an order that suits people.</summary>
public sealed class SwaggerPageDocumentTests(TestApi api) : IClassFixture<TestApi>
{
    private const string Generations = "/v1/images/generations";

    [Fact]
    public async Task Page_Loads_ItsOwnDocument()
    {
        var settings = await api.Client.GetStringAsync(new Uri("/swagger/index.js", UriKind.Relative));

        Assert.Contains("/swagger/page/swagger.json", settings, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Generations)]
    [InlineData("/v1/images/redetail")]
    [InlineData("/v1/images/variations")]
    public async Task Images_Response_IsAPictureFirstOnThePageAndJsonFirstForGenerators(string path)
    {
        Assert.Equal("image/png", Forms(await Document(api, "page"), path)[0]);
        Assert.Equal("application/json", Forms(await Document(api, "v1"), path)[0]);
        Assert.DoesNotContain("application/json", Forms(await Document(api, "page"), path)); // Swagger UI would request it
    }

    [Fact]
    public async Task Generations_Examples_AreTheClassesOfTheLoadedModel()
    {
        var examples = (await Document(api, "page"))["paths"]![Generations]!["post"]!["requestBody"]!["content"]!["application/json"]!["examples"]!.AsObject();

        Assert.Equal(["apple", "banana", "red apple", "pineapple", "Cherry"], examples.Select(example => example.Key));
        Assert.All(examples, example => Assert.Equal(example.Key, (string?)example.Value!["value"]!["class_label"]));
        Assert.NotEmpty((await api.Generate(examples["banana"]!["value"]!.ToJsonString())).Data);
    }

    [Fact]
    public async Task Security_NoKeys_LocksOperatorsRoutesOnly()
    {
        var paths = (await Document(api, "page"))["paths"]!;

        Assert.Empty(paths[Generations]!["post"]!["security"]!.AsArray());
        Assert.Equal(2, paths["/v1/admin/models"]!["post"]!["security"]!.AsArray().Count);
    }

    [Fact]
    public async Task Security_Keys_LocksTheRoutesThatAskForThem()
    {
        await using var guarded = TestKeys.Api();
        await guarded.InitializeAsync();
        var paths = (await Document(guarded, "page"))["paths"]!;

        Assert.Equal(2, paths[Generations]!["post"]!["security"]!.AsArray().Count);
        Assert.Empty(paths["/health/live"]!["get"]!["security"]!.AsArray());
    }

    private static List<string> Forms(JsonObject document, string path) =>
        [.. document["paths"]![path]!["post"]!["responses"]!["200"]!["content"]!.AsObject().Select(form => form.Key)];

    private static async Task<JsonObject> Document(TestApi api, string name) =>
        (await api.Client.GetFromJsonAsync<JsonObject>($"/swagger/{name}/swagger.json"))!;
}
