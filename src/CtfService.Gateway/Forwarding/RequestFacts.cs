using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CtfService.Gateway.Forwarding;

/// <summary>What the gateway reads from the beginning of a body. What cannot be read is not there; the replica reports what is wrong with it.</summary>
/// <param name="Model">The field <c>model</c>; null if there is none.</param>
/// <param name="Images">The field <c>n</c>; 1 if there is none.</param>
internal sealed record RequestFacts(string? Model, int Images)
{
    private const int MaxModelLength = 256;

    /// <summary>A larger number is wrong, or is spread over time by the replica.</summary>
    private const int MaxImages = 256;

    public static readonly RequestFacts None = new(Model: null, Images: 1);

    /// <param name="isWhole">False if the body goes on after its beginning.</param>
    public static async Task<RequestFacts> ReadAsync(string? contentType, ReadOnlyMemory<byte> beginning, bool isWhole)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type) || beginning.IsEmpty)
        {
            return None;
        }

        return type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) && type.Boundary.HasValue
            ? await FromFormAsync(HeaderUtilities.RemoveQuotes(type.Boundary).ToString(), beginning)
            : FromJson(beginning.Span, isWhole);
    }

    /// <summary>Reads the top level of an object.</summary>
    private static RequestFacts FromJson(ReadOnlySpan<byte> json, bool isWhole)
    {
        var facts = None;
        try
        {
            var reader = new Utf8JsonReader(json, isWhole, default);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return None;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isModel, isNumber) = (reader.ValueTextEquals("model"u8), reader.ValueTextEquals("n"u8));
                if (!reader.Read())
                {
                    break;
                }

                facts = reader.TokenType switch
                {
                    JsonTokenType.String when isModel => facts with { Model = Short(reader.GetString()) },
                    JsonTokenType.Number when isNumber && reader.TryGetInt32(out var images) => facts with { Images = Math.Clamp(images, 1, MaxImages) },
                    _ => facts,
                };
                if (!reader.TrySkip())
                {
                    break;
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // a string may not be Unicode
        {
        }

        return facts;
    }

    /// <summary>Reads the fields in front of the first one that is cut off.</summary>
    private static async Task<RequestFacts> FromFormAsync(string boundary, ReadOnlyMemory<byte> beginning)
    {
        var facts = None;
        try
        {
            var reader = new MultipartReader(boundary, new BodyStream(beginning, rest: null));
            while (await reader.ReadNextSectionAsync() is { } section)
            {
                var name = section.GetContentDispositionHeader()?.Name.Value?.Trim('"');
                facts = name switch
                {
                    "model" => facts with { Model = Short((await section.ReadAsStringAsync()).Trim()) },
                    "n" when int.TryParse(await section.ReadAsStringAsync(), CultureInfo.InvariantCulture, out var images) =>
                        facts with { Images = Math.Clamp(images, 1, MaxImages) },
                    _ => facts,
                };
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException or InvalidOperationException or ArgumentException)
        {
        }

        return facts;
    }

    private static string? Short(string? model) => model is { Length: > 0 and <= MaxModelLength } ? model : null;
}
