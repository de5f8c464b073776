using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Malformed;

/// <summary>The requests that the OpenAPI document allows, as a basis for malformed ones.</summary>
internal sealed class ApiSurface(JsonObject document)
{
    /// <summary>Every path with its methods.</summary>
    public IReadOnlyList<(string Path, IReadOnlyList<string> Methods)> Addresses { get; } =
        [.. document["paths"]!.AsObject().Select(
            path => (path.Key, (IReadOnlyList<string>)[.. path.Value!.AsObject().Select(operation => operation.Key.ToUpperInvariant())]))];

    /// <summary>Every operation that reads JSON, except those for operators, which reject callers before they read the body.</summary>
    public IReadOnlyList<JsonOperation> JsonOperations =>
        [.. Operations("application/json").Select(found => new JsonOperation(found.Path, Example(found.Schema), found.Schema))];

    /// <summary>Follows references.</summary>
    public JsonObject Resolve(JsonNode schema) => (string?)schema["$ref"] is { } reference
        ? document["components"]!["schemas"]![reference[(reference.LastIndexOf('/') + 1)..]]!.AsObject()
        : schema.AsObject();

    /// <summary>The POST operations for callers that accept a body of this type.</summary>
    public IEnumerable<(string Path, JsonObject Schema)> Operations(string mediaType) =>
        from path in document["paths"]!.AsObject()
        where !path.Key.StartsWith("/v1/admin", StringComparison.Ordinal)
        let schema = path.Value!["post"]?["requestBody"]?["content"]?[mediaType]?["schema"]
        where schema is not null
        select (path.Key, Resolve(schema));

    /// <summary>The example of the document, except for the layout: the fake model's grid has four positions.</summary>
    private static Dictionary<string, string> Example(JsonObject schema) =>
        schema["example"]!.AsObject().ToDictionary(field => field.Key, field => field.Key == "layout" ? "[0,1,2,3]" : field.Value!.ToJsonString());
}

/// <summary>An operation that reads JSON.</summary>
/// <param name="Example">Fields of a valid body, as JSON text.</param>
/// <param name="Schema">Schema of the body.</param>
internal sealed record JsonOperation(string Path, IReadOnlyDictionary<string, string> Example, JsonObject Schema);
