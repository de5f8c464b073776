using CtfService.Api.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Idempotency;

/// <summary>An answer as it went out, to go out again.</summary>
/// <param name="Headers">Those that the endpoint set.</param>
internal sealed record StoredResponse(int Status, IReadOnlyList<KeyValuePair<string, StringValues>> Headers, byte[] Body)
{
    /// <summary>Rough cost of an entry beyond its texts and body.</summary>
    private const int OverheadBytes = 1_024;

    /// <summary>Only success is remembered: whatever went wrong may go right next time.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>What it takes in memory.</summary>
    public long Bytes => OverheadBytes + Body.Length + Headers.Sum(header => sizeof(char) * (header.Key.Length + header.Value.Sum(value => value?.Length ?? 0L)));

    /// <param name="before">Headers that were there before the endpoint ran; they are set anew for each answer.</param>
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
