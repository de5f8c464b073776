using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Bundles;

/// <summary>The manifest as JSON: snake_case, strict in what is read.</summary>
public static class BundleJson
{
    /// <summary>For parts of a manifest, such as an architecture in a weight file.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true, // those with a default may be left out
        IgnoreReadOnlyProperties = true, // derived values would have to agree with what they derive from
        WriteIndented = true,
        NewLine = "\n",
    };

    public static byte[] Serialize(BundleManifest manifest) => [.. JsonSerializer.SerializeToUtf8Bytes(manifest, Options), (byte)'\n'];

    /// <param name="path">For error messages.</param>
    /// <exception cref="CheckpointException">Not JSON, another format version, or a field is unknown, missing or of the wrong kind.</exception>
    public static BundleManifest Deserialize(string path, byte[] json)
    {
        try
        {
            RequireKnownVersion(path, json);
            return JsonSerializer.Deserialize<BundleManifest>(json, Options) ?? throw new JsonException("The file holds null.");
        }
        catch (JsonException error) when (json is not [(byte)'{', ..] && ForeignContent.Find(json, json.Length) is { } foreign)
        {
            throw new CheckpointException($"{path}: {foreign}.", error);
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path}: is not a bundle manifest of format version {BundleManifest.CurrentFormatVersion}: {error.Message}", error);
        }
    }

    /// <summary>Looked at first: a newer manifest has fields this reader does not know, and the version explains them better.</summary>
    private static void RequireKnownVersion(string path, byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("format_version", out var version)
            || version.ValueKind != JsonValueKind.Number)
        {
            throw new JsonException("The number 'format_version' is missing.");
        }

        if (version.GetRawText() != $"{BundleManifest.CurrentFormatVersion}")
        {
            throw new CheckpointException(
                $"{path}: has format version {version.GetRawText()}; this program reads version {BundleManifest.CurrentFormatVersion}. "
                + "Update the program, or convert the bundle with the version that made it.");
        }
    }
}
