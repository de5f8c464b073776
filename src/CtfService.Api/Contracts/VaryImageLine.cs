using System.Text.Json;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>The body of a request for variations in a batch: the fields of the form as JSON.</summary>
public sealed record VaryImageLine : VariationRequest
{
    /// <summary>The picture.</summary>
    public PictureReference? Image { get; init; }

    /// <summary>The class that the picture shows. If absent, the details depend on the layout alone.</summary>
    public ClassReference? ClassLabel { get; init; }
}

/// <summary>
/// A picture in JSON: a PNG, JPEG or WebP file as base64 or as a data URL, or the id of an uploaded file as <c>{"file_id": "file-..."}</c>.
/// </summary>
/// <param name="File">Null if the caller sent an id.</param>
/// <param name="FileId">Null if the caller sent the file.</param>
[JsonConverter(typeof(PictureReferenceConverter))]
public sealed record PictureReference(byte[]? File, string? FileId);

internal sealed class PictureReferenceConverter : JsonConverter<PictureReference>
{
    public override PictureReference Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String when reader.TryGetBytesFromBase64(out var file) => new PictureReference(file, FileId: null),
        JsonTokenType.String => new PictureReference(FromDataUrl(reader.GetString()!), FileId: null),
        JsonTokenType.StartObject => new PictureReference(File: null, ReadFileId(ref reader)),
        _ => throw new JsonException(),
    };

    public override void Write(Utf8JsonWriter writer, PictureReference value, JsonSerializerOptions options) => throw new NotSupportedException();

    private static byte[] FromDataUrl(string text)
    {
        const string Mark = ";base64,";
        var mark = text.IndexOf(Mark, StringComparison.Ordinal);
        if (!text.StartsWith("data:image/", StringComparison.Ordinal) || mark < 0)
        {
            throw new JsonException();
        }

        var file = new byte[text.Length];
        return Convert.TryFromBase64Chars(text.AsSpan(mark + Mark.Length), file, out var length) ? file[..length] : throw new JsonException();
    }

    private static string ReadFileId(ref Utf8JsonReader reader)
    {
        var isRead = reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("file_id"u8)
            && reader.Read() && reader.TokenType == JsonTokenType.String;
        var id = isRead ? reader.GetString()! : throw new JsonException();
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject ? id : throw new JsonException();
    }
}
