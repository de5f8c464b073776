using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Cli.Reports;

/// <summary>Writes the result of a command as JSON.</summary>
internal static class ReportJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new FiniteNumbers() },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the text goes to a terminal or a file, never into HTML
    };

    private static readonly JsonSerializerOptions OneLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static void Write<T>(TextWriter output, T report) => output.WriteLine(Text(report));

    /// <summary>Writes one line, without the fields that are null.</summary>
    public static void WriteLine<T>(TextWriter output, T report) => output.WriteLine(JsonSerializer.Serialize(report, OneLine));

    public static string Text<T>(T report) => JsonSerializer.Serialize(report, Options);

    /// <summary>Writes NaN and infinities, which JSON does not have, as null, so that one missing figure does not prevent the whole report.</summary>
    private sealed class FiniteNumbers : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
