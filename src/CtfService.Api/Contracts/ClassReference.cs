using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A class as the caller names it: by name or by index.</summary>
/// <param name="Name">Null if the caller sent a number.</param>
/// <param name="Id">Null if the caller sent a string.</param>
[JsonConverter(typeof(ClassReferenceConverter))]
public sealed record ClassReference(string? Name, long? Id)
{
    /// <summary>Longest name, characters.</summary>
    public const int MaxNameLength = 256;

    public override string ToString() => Name is null ? $"{Id}" : $"'{Name}'";
}

internal sealed class ClassReferenceConverter : JsonConverter<ClassReference>
{
    public override ClassReference Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => new ClassReference(reader.GetString(), Id: null),
        JsonTokenType.Number when reader.TryGetInt64(out var id) => new ClassReference(Name: null, id),
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, ClassReference value, JsonSerializerOptions options)
    {
        if (value.Id is { } id)
        {
            writer.WriteNumberValue(id);
        }
        else
        {
            writer.WriteStringValue(value.Name);
        }
    }
}
