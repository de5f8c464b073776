using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace CtfService.EndToEnd.Tests.Gateway;

/// <summary>Clients that ask for images one after another, with known seeds and without, and count how each request ends.</summary>
internal sealed class ClusterLoad : IDisposable
{
    private const int Seeds = 16;

    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G'];

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
                Ends.AddOrUpdate(await AskAsync(request % 3 == 0 ? null : request % Seeds), 1, (_, count) => count + 1);
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

    /// <summary>Waits until the clients have got so many more answers.</summary>
    public async Task WaitForAnswersAsync(int count)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var before = Ends.Values.Sum(); Ends.Values.Sum() < before + count;)
        {
            await pause.WaitForNextTickAsync();
        }
    }

    /// <summary>Asks for the image of one seed, or for any image, and returns how that ended.</summary>
    public async Task<string> AskAsync(int? seed)
    {
        using var response = await PostAsync(_client, seed);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var isRight = seed is { } known ? bytes.AsSpan().SequenceEqual(_expected[known]) : bytes.AsSpan().StartsWith(PngSignature);
        return response.StatusCode != HttpStatusCode.OK ? $"{(int)response.StatusCode}" : isRight ? "right" : "wrong bytes";
    }

    public override string ToString() => string.Join(", ", Ends.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"));

    public void Dispose() => _client.Dispose();

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, int? seed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/generations");
        request.Content = JsonContent.Create(new { class_label = "banana", seed });
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/png"));
        return await client.SendAsync(request);
    }
}
