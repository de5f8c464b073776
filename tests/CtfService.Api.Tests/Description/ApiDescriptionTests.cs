using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Security;

namespace CtfService.Api.Tests.Description;

public sealed class ApiDescriptionTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public async Task Swagger_Page_IsServed()
    {
        var page = await api.Client.GetStringAsync(new Uri("/swagger/index.html", UriKind.Relative));

        Assert.Contains("<title>CtfService</title>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_EveryRoute_HasASummaryAndNoOtherRouteExists()
    {
        var paths = (await Document())["paths"]!.AsObject();

        Assert.Equal(
            [
                "/health/live", "/health/ready", "/health/startup", "/v1/admin/keys", "/v1/admin/keys/{id}", "/v1/admin/keys/{id}/rotate",
                "/v1/admin/models", "/v1/batches", "/v1/batches/{id}", "/v1/batches/{id}/cancel", "/v1/classes", "/v1/classes/{class}/image",
                "/v1/datasets", "/v1/datasets/{id}", "/v1/datasets/{id}/cancel", "/v1/datasets/{id}/events", "/v1/datasets/{id}/files",
                "/v1/datasets/{id}/files/{name}", "/v1/files", "/v1/files/{id}", "/v1/files/{id}/content",
                "/v1/images/edits", "/v1/images/generations", "/v1/images/redetail", "/v1/images/variations", "/v1/models", "/v1/models/{id}", "/v1/status",
            ],
            paths.Select(path => path.Key).Order(StringComparer.Ordinal));
        Assert.All(
            paths, path => Assert.All(path.Value!.AsObject(), method => Assert.False(string.IsNullOrEmpty((string?)method.Value!["summary"]), path.Key)));
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

        Assert.Equal(
            ["200", "304", "400", "401", "403", "406", "408", "413", "415", "422", "429", "500", "503", "504"], responses.Select(response => response.Key));
        Assert.Equal(
            ["application/json", "image/png", "image/jpeg", "image/webp", "text/event-stream"],
            responses["200"]!["content"]!.AsObject().Select(content => content.Key));
        Assert.All(responses.Where(response => response.Key[0] >= '4'), response =>
        {
            var content = response.Value!["content"]!["application/json"]!;
            Assert.Equal("#/components/schemas/ErrorResponse", (string?)content["schema"]!["$ref"]);
            Assert.All(content["examples"]!.AsObject(), example => Assert.Equal(example.Key, (string?)example.Value!["value"]!["error"]!["code"]));
        });
        Assert.Equal(
            ["queue_full", "queue_share_full", "deadline_too_short", "rate_limit_exceeded"],
            responses["429"]!["content"]!["application/json"]!["examples"]!.AsObject().Select(example => example.Key));
        Assert.Equal(
            ["missing_api_key", "invalid_api_key"], responses["401"]!["content"]!["application/json"]!["examples"]!.AsObject().Select(example => example.Key));
        Assert.NotNull(responses["429"]!["headers"]!["Retry-After"]);
    }

    [Fact]
    public async Task Document_Generations_NamesTheHeadersItReads()
    {
        var operation = (await Document())["paths"]!["/v1/images/generations"]!["post"]!;

        Assert.Equal(
            ["X-Request-Timeout", "Idempotency-Key", "If-None-Match"], operation["parameters"]!.AsArray().Select(parameter => (string?)parameter!["name"]));
        Assert.NotNull(operation["responses"]!["200"]!["headers"]!["ETag"]);
    }

    [Theory]
    [InlineData("n", "minimum", "1")]
    [InlineData("n", "maximum", "16")]
    [InlineData("guidance_scale", "maximum", "20")]
    [InlineData("temperature", "maximum", "10")]
    [InlineData("top_p", "exclusiveMinimum", "true")]
    [InlineData("seed", "type", "\"integer\"")]
    [InlineData("seed", "format", "\"int64\"")]
    [InlineData("seed", "nullable", "true")]
    [InlineData("seed", "minimum", "0")]
    [InlineData("class_label", "type", "\"string\"")]
    [InlineData("class_label", "nullable", "true")]
    [InlineData("output_format", "enum", "[\"png\",\"jpeg\",\"webp\"]")]
    public async Task Document_RequestField_HasItsRange(string field, string keyword, string expected)
    {
        var properties = (await Document())["components"]!["schemas"]!["GenerateImageRequest"]!["properties"]!;

        Assert.Equal(expected, properties[field]![keyword]!.ToJsonString());
    }

    [Theory]
    [InlineData("RedetailImageRequest", "layout")]
    [InlineData("SwitchModelRequest", "bundle")]
    [InlineData("VaryImageRequest", "image")]
    public async Task Document_MandatoryField_IsRequiredAndNotNullable(string request, string field)
    {
        var schema = (await Document())["components"]!["schemas"]![request]!;

        Assert.Equal([field], schema["required"]!.AsArray().Select(name => (string?)name));
        Assert.Null(schema["properties"]![field]!["nullable"]);
    }

    [Fact]
    public async Task Document_RequestFields_HaveTheirDefaultsInWords()
    {
        var schemas = (await Document())["components"]!["schemas"]!.AsObject()
            .Where(schema => schema.Key.EndsWith("Request", StringComparison.Ordinal)).ToList();

        Assert.All(schemas, schema => Assert.All(schema.Value!["properties"]!.AsObject(), field => Assert.Null(field.Value!["default"])));
        var generate = schemas.Single(schema => schema.Key == "GenerateImageRequest").Value!;
        Assert.EndsWith("Default: png.", (string?)generate["properties"]!["output_format"]!["description"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Document_Seeds_Are64BitNumbersForEveryGenerator()
    {
        var schemas = (await Document())["components"]!["schemas"]!.AsObject();
        var seeds = schemas.Select(schema => (schema.Key, Seed: schema.Value!["properties"]?["seed"])).Where(schema => schema.Seed is not null).ToList();

        Assert.Equal(9, seeds.Count);
        Assert.All(seeds, schema =>
        {
            Assert.Equal("int64", (string?)schema.Seed!["format"]);
            Assert.Equal(schema.Key.EndsWith("Request", StringComparison.Ordinal), (bool?)schema.Seed["nullable"] == true);
        });
    }

    [Fact]
    public async Task Document_ExampleRequest_IsAcceptedByTheService()
    {
        var example = (await Document())["components"]!["schemas"]!["GenerateImageRequest"]!["example"]!;

        Assert.NotEmpty((await api.Generate(example.ToJsonString())).Data);
    }

    [Fact]
    public async Task Document_EveryResponse_DescribesItsBodyAndTheRequestId()
    {
        var operations = (await Document())["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Select(operation => operation.Value!);

        Assert.All(operations.SelectMany(operation => operation["responses"]!.AsObject()), response =>
        {
            Assert.Equal(response.Key != "304", response.Value!["content"] is JsonObject { Count: > 0 }); // a 304 has no body
            Assert.NotNull(response.Value["headers"]!["X-Request-Id"]);
        });
    }

    [Fact]
    public async Task Document_EveryExampleOfASchema_HasTheFieldsThatAreRequired()
    {
        var schemas = (await Document())["components"]!["schemas"]!.AsObject().Where(schema => schema.Value!["example"] is not null).ToList();

        Assert.Contains(schemas, schema => schema.Key == "ImagesResponse");
        Assert.All(schemas, schema => Assert.All(
            schema.Value!["required"]?.AsArray() ?? [],
            field => Assert.True(schema.Value["example"]!.AsObject().ContainsKey((string)field!), $"{schema.Key}.{field}")));
    }

    [Theory]
    [InlineData("/v1/images/generations", "post")]
    [InlineData("/v1/models", "get")]
    [InlineData("/v1/classes", "get")]
    public async Task Document_KeysConfigured_RequiresOneOfTwoSchemes(string path, string method)
    {
        await using var guarded = TestKeys.Api();
        await guarded.InitializeAsync();
        var document = (await guarded.Client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!;

        Assert.Equal("""[{"bearer":[]},{"header":[]}]""", document["paths"]![path]![method]!["security"]!.ToJsonString());
        Assert.Equal("""[{"bearer":[]},{"header":[]},{}]""", (await Document())["paths"]![path]![method]!["security"]!.ToJsonString());
        Assert.Equal(["bearer", "header"], document["components"]!["securitySchemes"]!.AsObject().Select(scheme => scheme.Key));
        Assert.Empty(document["paths"]!["/health/live"]!["get"]!["security"]!.AsArray());
    }

    private async Task<JsonObject> Document() => (await api.Client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!;
}
