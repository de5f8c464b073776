using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CtfService.Trials.Traffic;

/// <summary>How a request of a client ended.</summary>
internal enum EndKind
{
    /// <summary>A whole answer of 2xx.</summary>
    Answered,

    /// <summary>429 or 503 in the form of an error, with the time after which to try again.</summary>
    Refused,

    /// <summary>The connection broke after the beginning of the answer, while something that had worked on it was killed.</summary>
    CutOff,

    /// <summary>The gateway was killed, and the request was not sent to the other one, because it may have begun and has neither seed nor key.</summary>
    LostWithGateway,

    /// <summary>Anything else.</summary>
    Failed,
}

/// <param name="Body">Of a whole answer.</param>
/// <param name="Detail">Status and code of a refusal; what is wrong with a failure.</param>
internal sealed record TrafficEnd(EndKind Kind, string Detail, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    public static TrafficEnd Without(EndKind kind, string detail) => new(kind, detail, [], None);

    /// <summary>Judges a whole answer without looking at what a good one contains.</summary>
    public static TrafficEnd Of(HttpResponseMessage answer, byte[] body)
    {
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        if (answer.IsSuccessStatusCode)
        {
            return new(EndKind.Answered, $"{(int)answer.StatusCode}", body, headers);
        }

        var status = (int)answer.StatusCode;
        var isHonest = answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
            && answer.Headers.RetryAfter?.Delta > TimeSpan.Zero && Code(body) is not null;
        return isHonest
            ? new(EndKind.Refused, $"{status} {Code(body)}", body, headers)
            : new(EndKind.Failed, $"{status} {Encoding.UTF8.GetString(body)} (Retry-After: {answer.Headers.RetryAfter})", body, headers);
    }

    /// <summary>The code of an error in OpenAI's form; null if it is not in that form.</summary>
    private static string? Code(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body)?["error"] is JsonObject error && error["message"]?.ToString() is { Length: > 0 } && error["type"] is not null
                ? error["code"]?.ToString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
