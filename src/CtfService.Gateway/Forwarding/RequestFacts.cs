using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace CtfService.Gateway.Forwarding;

/// <summary>What the gateway reads from the beginning of a body. What cannot be read is not there; the replica reports what is wrong with it.</summary>
/// <param name="Model">The field <c>model</c>; null if there is none.</param>
/// <param name="HasSeed">Whether a seed decides what a request for images returns.</param>
internal sealed record RequestFacts(string? Model, bool HasSeed)
{
    private const int MaxModelLength = 256;

    public static readonly RequestFacts None = new(Model: null, HasSeed: false);

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
                var (isModel, isSeed) = (reader.ValueTextEquals("model"u8), reader.ValueTextEquals("seed"u8));
                if (!reader.Read())
                {
                    break;
                }

                facts = (isModel, isSeed, reader.TokenType) switch
                {
                    (true, _, JsonTokenType.String) => facts with { Model = Short(reader.GetString()) },
                    (_, true, JsonTokenType.String or JsonTokenType.Number) => facts with { HasSeed = true },
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
                    "seed" => facts with { HasSeed = true },
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
