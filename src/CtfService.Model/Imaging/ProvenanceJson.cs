using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Models;

namespace CtfService.Model.Imaging;

/// <summary>Reads and writes provenance as ASCII-only JSON, which needs no encoding in any container or in XML.</summary>
public static class ProvenanceJson
{
    /// <summary>The largest number of images per class and of columns; no contact sheet can have more.</summary>
    private const int MaxSheetSide = 1 << 16;

    private const int MaxNameLength = 40;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 8,
        Converters = { new JsonStringEnumConverter<LayoutOrigin>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static string Serialize(ImageProvenance provenance) => JsonSerializer.Serialize(provenance, Options);

    /// <summary>Ignores unknown fields: they come from a newer version, which <see cref="ImageProvenance.Software"/> names.</summary>
    /// <exception cref="InvalidDataException">The text is not JSON, a field is missing or of the wrong type, or a value is out of range.</exception>
    public static ImageProvenance Deserialize(string json)
    {
        ImageProvenance provenance;
        try
        {
            provenance = JsonSerializer.Deserialize<ImageProvenance>(json, Options) ?? throw new JsonException("It holds null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"its provenance is damaged: {error.Message}", error);
        }

        return Problems(provenance).FirstOrDefault() is { } problem ? throw new InvalidDataException($"its provenance is damaged: {problem}.") : provenance;
    }

    private static IEnumerable<string> Problems(ImageProvenance provenance)
    {
        (bool IsRight, string Problem)[] rules =
        [
            (provenance.ClassId is null or >= 0, $"class_id is {provenance.ClassId}, expected at least 0"),
            (provenance.Window is null or (>= 2 and <= DecodeWork.LargestWindow), $"window is {provenance.Window}, expected 2 to {DecodeWork.LargestWindow}"),
            (provenance.Quality is null or (>= 0 and <= 100), $"quality is {provenance.Quality}, expected 0 to 100"),
            (provenance.Sheet is null or { ImagesPerClass: >= 1 and <= MaxSheetSide, Columns: >= 1 and <= MaxSheetSide },
                $"sheet is {provenance.Sheet}, expected 1 to {MaxSheetSide} each"),
            (provenance.Sampler is null || IsName(provenance.Sampler),
                $"sampler is not a name of 1 to {MaxNameLength} lower-case letters, digits and underscores"),
            (!provenance.IsEdit || provenance.Kept?.Picture is not null, "layout is edited, but kept.picture is missing"),
        ];
        return rules.Where(rule => !rule.IsRight).Select(rule => rule.Problem)
            .Concat(provenance.Kept?.Problems("kept") ?? [])
            .Concat(provenance.Coarse?.Problems("coarse") ?? [])
            .Concat(provenance.Fine?.Problems("fine") ?? []);
    }

    /// <summary>A name may be of a newer version, and is shown in messages.</summary>
    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '_');
}
