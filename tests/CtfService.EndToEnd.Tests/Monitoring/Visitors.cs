using System.Net;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>Concurrent clients of every kind until stopped: served, refused, timed out, and hanging up.</summary>
internal sealed class Visitors : IAsyncDisposable
{
    private const string Generations = "/v1/images/generations";

    private readonly WatchedService _service;
    private readonly CancellationTokenSource _goHome = new();
    private readonly Task _visits;

    private Visitors(WatchedService service, byte[] picture, string layout)
    {
        _service = service;
        _visits = Task.WhenAll(
            Keep(() => Draw("""{"class_label": "banana", "n": 2}""")),
            Keep(() => Draw("""{"class_label": "kiwi", "n": 4, "guidance_scale": 1}""")),
            Keep(() => Draw("""{"class_label": "pineapple", "stream": true, "partial_images": 3}""")),
            Keep(() => Ask("/v1/images/redetail", WatchedService.Json($$"""{"class_label": "pineapple", "layout": {{layout}}}"""), HttpStatusCode.OK)),
            Keep(() => Ask("/v1/images/variations", Upload(picture), HttpStatusCode.OK)),
            Keep(() => Draw("""{"class_label": "no such fruit"}""", HttpStatusCode.BadRequest)),
            Keep(() => Draw("""{"class_label": "banana", "n": 8, "timeout_ms": 1}""", HttpStatusCode.GatewayTimeout)),
            Keep(() => Draw("""{"class_label": "banana", "n": 16}""")),
            Keep(() => Draw("""{"class_label": "banana", "n": 16}""")),
            Keep(HangUp));
    }

    public static async Task<Visitors> Come(WatchedService service)
    {
        var drawn = (await service.Images(Generations, """{"class_label": "pineapple", "include": ["layout"]}"""))[0];
        return new Visitors(service, drawn.GetProperty("b64_json").GetBytesFromBase64(), drawn.GetProperty("layout").GetRawText());
    }

    public async ValueTask DisposeAsync()
    {
        await _goHome.CancelAsync();
        await _visits;
        _goHome.Dispose();
    }

    /// <summary>Pauses between requests, so that clients that are refused at once leave processor time to the others.</summary>
    private Task Keep(Func<Task> visit) => Task.Run(async () =>
    {
        using var breath = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_goHome.IsCancellationRequested)
        {
            await visit();
            await breath.WaitForNextTickAsync();
        }
    });

    private Task Draw(string json, HttpStatusCode expected = HttpStatusCode.OK) => Ask(Generations, WatchedService.Json(json), expected);

    private static MultipartFormDataContent Upload(byte[] picture) => new() { { new ByteArrayContent(picture), "image", "drawn.png" } };

    /// <summary>Reads the whole response. Any client may find the queue full.</summary>
    private async Task Ask(string path, HttpContent content, HttpStatusCode expected)
    {
        using var response = await _service.Post(path, content);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected || response.StatusCode == HttpStatusCode.TooManyRequests, answer);
    }

    private async Task HangUp()
    {
        using var caller = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        try
        {
            using var response = await _service.Post(Generations, WatchedService.Json("""{"class_label": "banana", "n": 8}"""), caller.Token);
        }
        catch (OperationCanceledException) when (caller.IsCancellationRequested)
        {
        }
    }
}
