using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Bundles;

/// <summary>Reads and writes the manifest as JSON: snake_case, strict when reading.</summary>
public static class BundleJson
{
    /// <summary>The options, also for parts of a manifest such as an architecture in a weight file.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true, // parameters with a default may be omitted
        IgnoreReadOnlyProperties = true, // derived values could contradict their sources
        WriteIndented = true,
        NewLine = "\n",
    };

    public static byte[] Serialize(BundleManifest manifest) => [.. JsonSerializer.SerializeToUtf8Bytes(manifest, Options), (byte)'\n'];

    /// <param name="path">For error messages.</param>
    /// <exception cref="CheckpointException">The text is not JSON, has another format version, or a field is unknown, missing or of the wrong type.</exception>
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

    /// <summary>Checked first: the version explains the unknown fields of a newer manifest.</summary>
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
                $"{path}: has format version {version.GetRawText()}; this program supports version {BundleManifest.CurrentFormatVersion}. "
                + "Update the program, or convert the bundle with the version that created it.");
        }
    }
}
