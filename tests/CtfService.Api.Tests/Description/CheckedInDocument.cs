using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Description;

/// <summary>docs/openapi.json, for tests that go through every field of the API.</summary>
internal static class CheckedInDocument
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Path { get; } = Find();

    public static JsonObject Read() => JsonNode.Parse(File.ReadAllText(Path))!.AsObject();

    public static string Format(JsonNode document) => $"{document.ToJsonString(Readable)}\n";

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "CtfService.sln")))
        {
            folder = folder.Parent;
        }

        return System.IO.Path.Combine(folder?.FullName ?? throw new InvalidOperationException($"No CtfService.sln above {AppContext.BaseDirectory}."), "docs", "openapi.json");
    }
}
