using System.Text;
using System.Text.Json;
using CtfService.Api.Contracts;
using Microsoft.AspNetCore.Http.Features;

namespace CtfService.Api.Bodies;

/// <summary>
/// Sends server-sent events. The response starts with the first one. The client must read each within the limits of <see cref="Sending"/>. Not thread-safe.
/// </summary>
internal sealed class EventStream(HttpContext http, JsonSerializerOptions json)
{
    /// <summary>Name of the event that reports an error and is the last.</summary>
    public const string Error = "error";

    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    /// <summary>A comment, which clients ignore; proxies see that the connection is in use.</summary>
    private static readonly byte[] Comment = ":\n\n"u8.ToArray();

    public Task SendAsync<T>(string name, T content)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(content, json); // one line, as the format requires
        return SendAsync(Encoding.UTF8.GetBytes($"event: {name}\ndata: "), line, "\n\n"u8.ToArray());
    }

    /// <summary>Keeps the connection open while there is nothing to tell.</summary>
    public Task KeepOpenAsync() => SendAsync(Comment);

    /// <summary>Tells the client that everything has been sent.</summary>
    public Task EndAsync() => http.Response.Body.WriteAsync(Done, http.RequestAborted).AsTask();

    private async Task SendAsync(params byte[][] parts)
    {
        Begin();
        var sending = Sending.Of(http);
        sending?.Begin();
        foreach (var part in parts)
        {
            await http.Response.Body.WriteAsync(part, http.RequestAborted);
        }

        await http.Response.Body.FlushAsync(http.RequestAborted);
        sending?.End();
    }

    /// <summary>Turns off buffering and caching on the way to the client.</summary>
    private void Begin()
    {
        if (http.Response.HasStarted)
        {
            return;
        }

        http.Response.ContentType = MediaTypes.EventStream;
        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
