using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>Reads a seed from a JSON number or a string of decimal digits; writes a number.</summary>
internal sealed class SeedConverter : JsonConverter<ulong>
{
    public override ulong Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetUInt64(out var number) => number,
        JsonTokenType.String when ulong.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var digits) => digits,
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, ulong value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
