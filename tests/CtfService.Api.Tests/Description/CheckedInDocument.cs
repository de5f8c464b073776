using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Description;

/// <summary>docs/openapi.json, for tests that go through every field of the API.</summary>
internal static class CheckedInDocument
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Path { get; } = RepositoryFolder.File("docs", "openapi.json");

    public static JsonObject Read() => JsonNode.Parse(File.ReadAllText(Path))!.AsObject();

    public static string Format(JsonNode document) => $"{document.ToJsonString(Readable)}\n";
}
