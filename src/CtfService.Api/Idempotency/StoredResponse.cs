using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.Jobs.State;
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

    /// <summary>Reads a response from the database.</summary>
    public static StoredResponse Of(ResponseContent content) => new(
        content.Status,
        [.. JsonSerializer.Deserialize<Dictionary<string, string?[]>>(content.Headers)!
            .Select(header => KeyValuePair.Create(header.Key, new StringValues(header.Value)))],
        content.Body);

    /// <summary>Returns the response as the database keeps it.</summary>
    public ResponseContent ToContent() =>
        new(Status, JsonSerializer.Serialize(Headers.ToDictionary(header => header.Key, header => header.Value.ToArray())), Body);

    /// <summary>Removes the headers of this response, so that another one can be sent.</summary>
    public void Withdraw(HttpResponse response)
    {
        foreach (var (name, _) in Headers)
        {
            response.Headers.Remove(name);
        }

        response.ContentLength = null;
    }

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
