using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using CtfService.TestSupport;
using CtfService.Trials.Replay;

namespace CtfService.Trials.Traffic;

/// <summary>Callers who make the service hold as much memory as they can: largest uploads, many images, streams that nobody reads, responses to keep.</summary>
internal sealed class LargeCallers(HttpClient service)
{
    private const int Side = 3_300; // pixels; 10.9 million in all

    private static readonly byte[] Picture = PngPicture.Of(Side, Side, (x, y) => (x >> 4, y >> 4, 99, 255));

    private static readonly byte[] Transparent = PngPicture.Of(Side, Side, (x, y) => (x >> 4, y >> 4, 30, x > Side / 2 ? 0 : 255));

    private int _number;

    /// <summary>Answers by kind and status; 0 stands for a connection that the service closed.</summary>
    public SortedDictionary<(string Kind, int Status), int> Answers { get; } = [];

    /// <summary>Sends requests until cancelled.</summary>
    /// <param name="callers">Number of callers of each kind.</param>
    public Task RunAsync(int callers, CancellationToken stopping)
    {
        var kinds = new (string Name, Func<CancellationToken, Task<HttpResponseMessage>> Send)[]
        {
            ("variation", stop => SendAsync(Upload("variations", Picture), stop)),
            ("edit", stop => SendAsync(Upload("edits", Transparent), stop)),
            ("many images", stop => SendAsync(Images(16, isStream: false), stop)),
            ("kept response", stop => SendAsync(Kept(), stop)),
            ("stream that nobody reads", UnreadAsync),
        };
        return Task.WhenAll(Enumerable.Range(0, callers * kinds.Length).Select(caller => CallAsync(kinds[caller % kinds.Length], stopping)));
    }

    private async Task CallAsync((string Name, Func<CancellationToken, Task<HttpResponseMessage>> Send) kind, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var response = await kind.Send(stopping);
                Count(kind.Name, response.StatusCode);
                if (response.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, stopping);
                }
            }
            catch (HttpRequestException)
            {
                Count(kind.Name, 0);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private void Count(string kind, HttpStatusCode status)
    {
        lock (Answers)
        {
            Answers[(kind, (int)status)] = Answers.GetValueOrDefault((kind, (int)status)) + 1;
        }
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop) => service.SendAsync(request, stop);

    /// <summary>Begins to read a stream of previews and leaves the rest in the service for a while.</summary>
    private async Task<HttpResponseMessage> UnreadAsync(CancellationToken stop)
    {
        var response = await service.SendAsync(Images(4, isStream: true), HttpCompletionOption.ResponseHeadersRead, stop);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, stop);
        return response;
    }

    private HttpRequestMessage Upload(string route, byte[] file) => new ReplayRequest(
        route,
        new JsonObject { ["class_label"] = 1, ["n"] = 4, ["seed"] = Interlocked.Increment(ref _number) },
        new Dictionary<string, byte[]> { ["image"] = file }).ToMessage();

    private HttpRequestMessage Images(int count, bool isStream)
    {
        var body = new JsonObject { ["class_label"] = 2, ["n"] = count, ["seed"] = Interlocked.Increment(ref _number) };
        if (isStream)
        {
            body["stream"] = true;
            body["partial_images"] = 3;
        }

        return new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations")
        {
            Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json")),
        };
    }

    private HttpRequestMessage Kept()
    {
        var request = Images(16, isStream: false);
        request.Headers.Add("Idempotency-Key", $"{Guid.NewGuid()}");
        return request;
    }
}
