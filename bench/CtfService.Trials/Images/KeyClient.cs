using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Images;

/// <summary>Requests images with an API key, and comes back as told if it is refused. Thread-safe.</summary>
internal sealed class KeyClient : IDisposable
{
    private static readonly Uri Generations = new("/v1/images/generations", UriKind.Relative);

    private readonly HttpClient _client;
    private long _finished;
    private int _refused;

    public KeyClient(ServiceInstance service, string key)
    {
        _client = new HttpClient { BaseAddress = service.Client.BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public HttpClient Http => _client;

    /// <summary>Images of a flood that have finished so far.</summary>
    public long Finished => Interlocked.Read(ref _finished);

    /// <summary>Number of answers 429 so far.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Keeps requests outstanding until stopped, and then hangs up.</summary>
    /// <param name="requests">Number of requests at the same time.</param>
    /// <param name="images">Images of each.</param>
    /// <exception cref="InvalidOperationException">A request was answered with an error other than 429.</exception>
    public Task FloodAsync(int requests, int images, CancellationToken stopping) => Task.WhenAll(Enumerable.Range(0, requests).Select(async number =>
    {
        try
        {
            for (var seed = (ulong)number; !stopping.IsCancellationRequested; seed += (ulong)requests)
            {
                using var response = await RetryAsync(
                    () => new HttpRequestMessage(HttpMethod.Post, Generations) { Content = JsonContent.Create(new { class_label = 0, seed, n = images }) },
                    stopping);
                await response.Content.CopyToAsync(Stream.Null, stopping);
                Interlocked.Add(ref _finished, images);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the measurement.
        }
    }));

    /// <summary>Requests one image each second, however long the answers take. The time of a request counts its retries.</summary>
    /// <exception cref="InvalidOperationException">An answer was wrong, or an error other than 429.</exception>
    public async Task<Latencies> EverySecondAsync(ExpectedImages expected, TimeSpan time, CancellationToken cancellation)
    {
        var requests = new List<Task<double>>();
        var jitter = new Random(1); // so that requests do not keep step with the decode steps
        var started = Stopwatch.GetTimestamp();
        for (var second = 0; second < time.TotalSeconds; second++)
        {
            var wait = TimeSpan.FromSeconds(second + jitter.NextDouble()) - Stopwatch.GetElapsedTime(started);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, TimeProvider.System, cancellation);
            requests.Add(GetAsync(expected, second, cancellation));
        }

        return new(await Task.WhenAll(requests));
    }

    public void Dispose() => _client.Dispose();

    private async Task<double> GetAsync(ExpectedImages expected, int number, CancellationToken cancellation)
    {
        var (request, file) = expected[number];
        var started = Stopwatch.GetTimestamp();
        using var response = await RetryAsync(request.ToMessage, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return body.AsSpan().SequenceEqual(file)
            ? seconds
            : throw new InvalidOperationException($"{request} was answered with another image than on an idle service.");
    }

    private async Task<HttpResponseMessage> RetryAsync(Func<HttpRequestMessage> create, CancellationToken cancellation)
    {
        while (true)
        {
            using var request = create();
            var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return response;
            }

            using (response)
            {
                if (response.StatusCode != HttpStatusCode.TooManyRequests)
                {
                    throw new InvalidOperationException($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellation)}");
                }

                Interlocked.Increment(ref _refused);
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), TimeProvider.System, cancellation);
            }
        }
    }
}
