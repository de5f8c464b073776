using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace CtfService.Trials.Engine;

/// <summary>Clients that request images one after another without a pause, among them one that sends pictures, and compare every file.</summary>
internal sealed class FaultyLoad(HttpClient service, IReadOnlyList<LoadedImage> images) : IAsyncDisposable
{
    /// <summary>Clients, each with one request at a time.</summary>
    public const int Clients = 5;

    private readonly Lock _gate = new();
    private readonly List<LoadedAnswer> _answers = [];
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.WhenAll(Enumerable.Range(0, Clients).Select(RunAsync));

    /// <summary>Returns the answers of requests that ended after a timestamp.</summary>
    public IReadOnlyList<LoadedAnswer> Since(long timestamp)
    {
        lock (_gate)
        {
            return [.. _answers.Where(answer => answer.Ended >= timestamp)];
        }
    }

    /// <summary>Waits until requests that began after a timestamp have been answered rightly, as many as there are clients.</summary>
    /// <returns>The time from the timestamp to the first of them; null if there was none within a time.</returns>
    public async Task<TimeSpan?> RecoveryAsync(long timestamp, TimeSpan within)
    {
        while (true)
        {
            var right = Since(timestamp).Where(answer => answer.IsRight && answer.Began >= timestamp).ToList();
            if (right.Count >= Clients || (right.Count == 0 && Stopwatch.GetElapsedTime(timestamp) > within))
            {
                return right.Count == 0 ? null : Stopwatch.GetElapsedTime(timestamp, right.Min(answer => answer.Ended));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Sends no further requests; returns when all are answered.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(int client)
    {
        for (var number = client; !_stopping.IsCancellationRequested; number += Clients)
        {
            var answer = await images[number % images.Count].SendAsync(service);
            lock (_gate)
            {
                _answers.Add(answer);
            }
        }
    }
}

/// <summary>A request and the file that answers it.</summary>
internal sealed record LoadedImage(Func<HttpRequestMessage> Request, byte[] File)
{
    /// <summary>Returns how the request ended; a connection that breaks is an answer of its own.</summary>
    public async Task<LoadedAnswer> SendAsync(HttpClient service)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            using var request = Request();
            using var response = await service.SendAsync(request);
            var body = await response.Content.ReadAsByteArrayAsync();
            var isRight = response.StatusCode == HttpStatusCode.OK && body.AsSpan().SequenceEqual(File);
            return new(began, Stopwatch.GetTimestamp(), isRight, response.StatusCode == HttpStatusCode.OK ? null : CodeOf(body));
        }
        catch (HttpRequestException lost)
        {
            return new(began, Stopwatch.GetTimestamp(), IsRight: false, $"connection: {lost.HttpRequestError}");
        }
    }

    private static string CodeOf(byte[] body)
    {
        try
        {
            using var error = JsonDocument.Parse(body);
            return error.RootElement.GetProperty("error").GetProperty("code").GetString() ?? "none";
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException)
        {
            return "unreadable";
        }
    }
}

/// <param name="Began">Timestamp.</param>
/// <param name="Ended">Timestamp.</param>
/// <param name="IsRight">True if the file is the expected one, byte for byte.</param>
/// <param name="Code">Code of the error; null for 200.</param>
internal sealed record LoadedAnswer(long Began, long Ended, bool IsRight, string? Code);
