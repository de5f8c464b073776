using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using CtfService.Core.Generation;

namespace CtfService.Datasets.Plans;

/// <summary>Writes plans and other records of a data set as JSON, always in the same bytes, and reads them strictly.</summary>
public static class DatasetJson
{
    /// <summary>Indented, for files.</summary>
    internal static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>On one line, for JSON Lines.</summary>
    internal static JsonSerializerOptions OneLine { get; } = Create(indented: false);

    /// <summary>Returns the plan as JSON on one line.</summary>
    public static string Serialize(DatasetPlan plan) => JsonSerializer.Serialize(plan, OneLine);

    /// <exception cref="JsonException">The text is not the JSON of a plan.</exception>
    public static DatasetPlan ParsePlan(string json) =>
        JsonSerializer.Deserialize<DatasetPlan>(json, OneLine) ?? throw new JsonException("The plan is null.");

    private static JsonSerializerOptions Create(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // class names stay readable; no file is embedded in HTML
        WriteIndented = indented,
        NewLine = "\n",
        Converters =
        {
            new JsonStringEnumConverter<DatasetFormat>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new JsonStringEnumConverter<ImageFormat>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
        },
    };
}
