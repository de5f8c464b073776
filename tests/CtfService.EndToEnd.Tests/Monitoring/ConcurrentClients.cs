using System.Net;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>Concurrent clients of every kind that send requests until disposed: served, rejected, timed out, and hanging up.</summary>
internal sealed class ConcurrentClients : IAsyncDisposable
{
    private const string Generations = "/v1/images/generations";

    private readonly WatchedService _service;
    private readonly HttpClient _gateway;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _clients;

    private ConcurrentClients(WatchedService service, Uri gateway, byte[] picture, string layout)
    {
        _service = service;
        _gateway = new HttpClient { BaseAddress = gateway };
        _clients = Task.WhenAll(
            Repeat(() => Draw("""{"class_label": "banana", "n": 2}""")),
            Repeat(() => Draw("""{"class_label": "kiwi", "n": 4, "guidance_scale": 1}""")),
            Repeat(() => Draw("""{"class_label": "pineapple", "stream": true, "partial_images": 3}""")),
            Repeat(() => Send("/v1/images/redetail", WatchedService.Json($$"""{"class_label": "pineapple", "layout": {{layout}}}"""), HttpStatusCode.OK)),
            Repeat(() => Send("/v1/images/variations", Upload(picture), HttpStatusCode.OK)),
            Repeat(() => Draw("""{"class_label": "no such fruit"}""", HttpStatusCode.BadRequest)),
            Repeat(() => Draw("""{"class_label": "banana", "n": 8, "timeout_ms": 1}""", HttpStatusCode.GatewayTimeout)),
            Repeat(() => Draw("""{"class_label": "banana", "n": 16}""")),
            Repeat(() => Draw("""{"class_label": "banana", "n": 16}""")),
            Repeat(DrawThroughTheGateway),
            Repeat(HangUp));
    }

    /// <param name="gateway">Address of a gateway in front of the service.</param>
    public static async Task<ConcurrentClients> Start(WatchedService service, Uri gateway)
    {
        var drawn = (await service.Images(Generations, """{"class_label": "pineapple", "include": ["layout"]}"""))[0];
        return new ConcurrentClients(service, gateway, drawn.GetProperty("b64_json").GetBytesFromBase64(), drawn.GetProperty("layout").GetRawText());
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _clients;
        _stopping.Dispose();
        _gateway.Dispose();
    }

    /// <summary>Repeats a request with pauses, so that clients that are rejected at once leave processor time to the others.</summary>
    private Task Repeat(Func<Task> send) => Task.Run(async () =>
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!_stopping.IsCancellationRequested)
        {
            await send();
            await pause.WaitForNextTickAsync();
        }
    });

    private Task Draw(string json, HttpStatusCode expected = HttpStatusCode.OK) => Send(Generations, WatchedService.Json(json), expected);

    private static MultipartFormDataContent Upload(byte[] picture) => new() { { new ByteArrayContent(picture), "image", "drawn.png" } };

    /// <summary>Reads the whole response. Any client may find the queue full.</summary>
    private async Task Send(string path, HttpContent content, HttpStatusCode expected)
    {
        using var response = await _service.Post(path, content);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected || response.StatusCode == HttpStatusCode.TooManyRequests, answer);
    }

    private async Task DrawThroughTheGateway()
    {
        using var response = await _gateway.PostAsync(Generations, WatchedService.Json("""{"class_label": "banana"}"""));
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests);
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
