using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace CtfService.EndToEnd.Tests.Gateway;

/// <summary>Clients that ask for images of known seeds one after another, and count how each request ends.</summary>
internal sealed class ClusterLoad : IDisposable
{
    private const int Seeds = 16;

    private readonly HttpClient _client;
    private readonly IReadOnlyList<byte[]> _expected;

    private ClusterLoad(HttpClient client, IReadOnlyList<byte[]> expected) => (_client, _expected) = (client, expected);

    /// <summary>Requests by result: <c>right</c>, <c>wrong bytes</c>, or the status.</summary>
    public ConcurrentDictionary<string, int> Ends { get; } = new();

    /// <summary>Asks a replica directly for all images, with which the load compares its own.</summary>
    public static async Task<ClusterLoad> CreateAsync(ClusterProcess replica, ClusterProcess gateway)
    {
        using var direct = new HttpClient { BaseAddress = new Uri(replica.Address) };
        List<byte[]> expected = [];
        for (var seed = 0; seed < Seeds; seed++)
        {
            using var response = await PostAsync(direct, seed);
            expected.Add(await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
        }

        return new ClusterLoad(new HttpClient { BaseAddress = new Uri(gateway.Address) }, expected);
    }

    /// <summary>Sends requests with some clients at the same time while the events happen, and a few more after them.</summary>
    public async Task RunAsync(int clients, Func<Task> events)
    {
        using var end = new CancellationTokenSource();
        var running = Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
        {
            for (var request = client; !end.IsCancellationRequested; request++)
            {
                Ends.AddOrUpdate(await AskAsync(request % Seeds), 1, (_, count) => count + 1);
            }
        })).ToList();
        try
        {
            await events();
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(running);
        }
    }

    /// <summary>Asks for the image of one seed and returns how that ended.</summary>
    public async Task<string> AskAsync(int seed)
    {
        using var response = await PostAsync(_client, seed);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var isRight = bytes.AsSpan().SequenceEqual(_expected[seed]);
        return response.StatusCode != HttpStatusCode.OK ? $"{(int)response.StatusCode}" : isRight ? "right" : "wrong bytes";
    }

    public override string ToString() => string.Join(", ", Ends.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"));

    public void Dispose() => _client.Dispose();

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, int seed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations");
        request.Content = JsonContent.Create(new { class_label = "banana", seed });
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
        return await client.SendAsync(request);
    }
}
