using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CtfService.Gateway.Forwarding;

/// <summary>
/// Tells a refusal for a limit of the caller, such as the rate of its key, from one for want of room in a replica. Only the latter is tried at another replica.
/// </summary>
internal static class CallerLimit
{
    private const int MaxErrorBytes = 64 * 1_024;

    /// <summary>Whether a replica refused a request because its caller has reached a limit. The answer can still be passed on.</summary>
    public static async ValueTask<bool> IsReasonOfAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.StatusCode != HttpStatusCode.TooManyRequests)
        {
            return false;
        }

        try
        {
            await answer.Content.LoadIntoBufferAsync(MaxErrorBytes, cancellation);
            var error = JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            return error is JsonObject { } body && body["error"] is JsonObject { } problem && problem["code"]?.ToString() is { } code
                && (code.EndsWith("limit_exceeded", StringComparison.Ordinal) || code.EndsWith("quota_exceeded", StringComparison.Ordinal));
        }
        catch (Exception unreadable) when (unreadable is JsonException or ArgumentException or HttpRequestException or IOException)
        {
            return false;
        }
    }
}
