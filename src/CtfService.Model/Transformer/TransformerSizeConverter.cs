using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Model.Transformer;

/// <summary>
/// Reads a size as the name of a published one ("B") or as an object with width, layers, heads and optionally feed_forward_multiple. Writes the object,
/// without the multiple if it is <see cref="TransformerSize.UsualMultiple"/>.
/// </summary>
internal sealed class TransformerSizeConverter : JsonConverter<TransformerSize>
{
    private const string Multiple = "feed_forward_multiple";
    private static readonly string[] Required = ["width", "layers", "heads"];

    public override TransformerSize Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            var name = reader.GetString()!;
            return PublishedTransformers.Find(name) ?? throw Problem($"'{name}' is not a published size");
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Problem("a size is neither a name nor an object");
        }

        var numbers = new Dictionary<string, int>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString()!;
            reader.Read();
            if ((!Required.Contains(field) && field != Multiple) || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var number))
            {
                throw Problem($"a size has '{field}', which is unknown or not an integer");
            }

            if (!numbers.TryAdd(field, number))
            {
                throw Problem($"a size has '{field}' twice");
            }
        }

        var missing = Required.Where(field => !numbers.ContainsKey(field)).ToList();
        return missing.Count == 0
            ? new TransformerSize(numbers["width"], numbers["layers"], numbers["heads"])
            {
                FeedForwardMultiple = numbers.GetValueOrDefault(Multiple, TransformerSize.UsualMultiple),
            }
            : throw Problem($"a size has no {string.Join(" and no ", missing)}");
    }

    public override void Write(Utf8JsonWriter writer, TransformerSize value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("width", value.Width);
        writer.WriteNumber("layers", value.Layers);
        writer.WriteNumber("heads", value.Heads);
        if (value.FeedForwardMultiple != TransformerSize.UsualMultiple)
        {
            writer.WriteNumber(Multiple, value.FeedForwardMultiple);
        }

        writer.WriteEndObject();
    }

    private static JsonException Problem(string problem) => new(
        $"{problem}; expected one of {string.Join(", ", PublishedTransformers.ShortNames)}, or an object with {string.Join(", ", Required)} "
        + $"and optionally {Multiple}.");
}
