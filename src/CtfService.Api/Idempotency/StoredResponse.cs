using CtfService.Api.Contracts;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Idempotency;

/// <summary>A response as it was sent, to be sent again.</summary>
/// <param name="Headers">Headers that the endpoint set.</param>
internal sealed record StoredResponse(int Status, IReadOnlyList<KeyValuePair<string, StringValues>> Headers, byte[] Body)
{
    /// <summary>Approximate size of an entry in bytes, without its texts and body.</summary>
    private const int OverheadBytes = 1_024;

    /// <summary>Only successful responses are stored, because a failed request may succeed next time.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>Size in memory, in bytes.</summary>
    public long Bytes =>
        OverheadBytes + Body.Length + Headers.Sum(header => sizeof(char) * (header.Key.Length + header.Value.Sum(value => value?.Length ?? 0L)));

    /// <param name="before">Headers that were set before the endpoint ran; they are set anew for each response.</param>
    public static StoredResponse Of(HttpResponse response, IReadOnlyDictionary<string, StringValues> before, byte[] body) => new(
        response.StatusCode,
        [.. response.Headers.Where(header => header.Key != HeaderNames.ContentLength && !(before.TryGetValue(header.Key, out var old) && old == header.Value))],
        body);

    public async Task Replay(HttpContext http)
    {
        http.Response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            http.Response.Headers[name] = value;
        }

        http.Response.Headers[CustomHeaders.IdempotentReplayed] = "true";
        http.Response.ContentLength = Body.Length;
        await http.Response.Body.WriteAsync(Body, http.RequestAborted);
    }
}
