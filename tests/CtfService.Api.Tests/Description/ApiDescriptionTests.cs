using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Description;

public sealed class ApiDescriptionTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public async Task Root_Get_LeadsToSwagger()
    {
        using var response = await api.Client.GetAsync(new Uri("/", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal("/swagger", response.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Swagger_Page_IsServed()
    {
        var page = await api.Client.GetStringAsync(new Uri("/swagger/index.html", UriKind.Relative));

        Assert.Contains("<title>CtfService</title>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_EveryRoute_HasASummaryAndNoOtherRouteIsThere()
    {
        var paths = (await Document())["paths"]!.AsObject();

        Assert.Equal(
            ["/health/live", "/health/ready", "/health/startup", "/v1/classes", "/v1/images/generations", "/v1/images/redetail", "/v1/images/variations", "/v1/models", "/v1/models/{id}"],
            paths.Select(path => path.Key).Order(StringComparer.Ordinal));
        Assert.All(paths, path => Assert.All(path.Value!.AsObject(), method => Assert.False(string.IsNullOrEmpty((string?)method.Value!["summary"]), path.Key)));
    }

    [Fact]
    public async Task Document_Variations_TakesAFileInAForm()
    {
        var document = await Document();
        var form = document["paths"]!["/v1/images/variations"]!["post"]!["requestBody"]!["content"]!.AsObject();

        var (mediaType, body) = Assert.Single(form);
        Assert.Equal("multipart/form-data", mediaType);
        var name = ((string)body!["schema"]!["$ref"]!).Split('/')[^1];
        var fields = document["components"]!["schemas"]![name]!["properties"]!.AsObject();
        Assert.Equal("binary", (string?)fields["image"]!["format"]);
        Assert.Contains("fine_top_k", fields.Select(field => field.Key));
        Assert.Contains("timeout_ms", fields.Select(field => field.Key));
    }

    [Fact]
    public async Task Document_Generations_NamesEveryStatusWithItsErrorBody()
    {
        var responses = (await Document())["paths"]!["/v1/images/generations"]!["post"]!["responses"]!.AsObject();

        Assert.Equal(["200", "400", "406", "413", "415", "429", "500", "503", "504"], responses.Select(response => response.Key));
        Assert.Equal(["application/json", "image/png", "image/jpeg", "image/webp", "text/event-stream"], responses["200"]!["content"]!.AsObject().Select(content => content.Key));
        Assert.All(responses.Skip(1), response =>
        {
            var content = response.Value!["content"]!["application/json"]!;
            Assert.Equal("#/components/schemas/ErrorResponse", (string?)content["schema"]!["$ref"]);
            Assert.NotNull(content["example"]!["error"]!["message"]);
        });
        Assert.NotNull(responses["429"]!["headers"]!["Retry-After"]);
    }

    [Theory]
    [InlineData("n", "minimum", "1")]
    [InlineData("n", "maximum", "16")]
    [InlineData("guidance_scale", "maximum", "20")]
    [InlineData("temperature", "maximum", "10")]
    [InlineData("top_p", "exclusiveMinimum", "true")]
    [InlineData("seed", "type", "\"integer\"")]
    [InlineData("seed", "format", "\"uint64\"")]
    [InlineData("seed", "maximum", "18446744073709551615")]
    [InlineData("output_format", "enum", "[\"png\",\"jpeg\",\"webp\"]")]
    public async Task Document_RequestField_SaysItsRange(string field, string keyword, string expected)
    {
        var properties = (await Document())["components"]!["schemas"]!["GenerateImageRequest"]!["properties"]!;

        Assert.Equal(expected, properties[field]![keyword]!.ToJsonString());
    }

    [Fact]
    public async Task Document_ClassLabel_IsAStringOrAnInteger()
    {
        var schema = (await Document())["components"]!["schemas"]!["ClassReference"]!;

        Assert.Equal(["string", "integer"], schema["oneOf"]!.AsArray().Select(choice => (string?)choice!["type"]));
    }

    [Fact]
    public async Task Document_ExampleRequest_IsAnsweredByTheService()
    {
        var example = (await Document())["components"]!["schemas"]!["GenerateImageRequest"]!["example"]!;

        Assert.NotEmpty((await api.Generate(example.ToJsonString())).Data);
    }

    private async Task<JsonObject> Document() => (await api.Client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!;
}
