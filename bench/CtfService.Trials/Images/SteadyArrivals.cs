using System.Diagnostics;
using System.Net;

namespace CtfService.Trials.Images;

/// <summary>
/// Requests one image at a time at a fixed rate, however long the answers take, so that a slow service cannot slow its callers down (an open loop). A request's
/// time counts from the moment it was due.
/// </summary>
internal static class SteadyArrivals
{
    /// <param name="rate">Requests a second.</param>
    /// <exception cref="InvalidOperationException">An answer was wrong or a refusal.</exception>
    public static async Task<Latencies> RunAsync(HttpClient client, ExpectedImages expected, double rate, TimeSpan time, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var jitter = new Random(1); // without it, arrivals could keep step with the decode steps
        var requests = new List<Task<double>>();
        for (var number = 0; ; number++)
        {
            var due = TimeSpan.FromSeconds((number + jitter.NextDouble()) / rate);
            if (due > time)
            {
                break;
            }

            var wait = due - Stopwatch.GetElapsedTime(started);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, TimeProvider.System, cancellation);
            }

            requests.Add(GetAsync(client, expected, number, started, due, cancellation));
        }

        return new(await Task.WhenAll(requests));
    }

    /// <summary>Returns images a second that callers get who each wait for their answer: what the service can do.</summary>
    public static async Task<double> CapacityAsync(HttpClient client, ExpectedImages expected, int callers, TimeSpan time, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var images = await Task.WhenAll(Enumerable.Range(0, callers).Select(async caller =>
        {
            var count = 0;
            for (; Stopwatch.GetElapsedTime(started) < time; count++)
            {
                await GetAsync(client, expected, caller + (count * callers), started, TimeSpan.Zero, cancellation);
            }

            return count;
        }));
        return images.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> GetAsync(
        HttpClient client, ExpectedImages expected, int number, long started, TimeSpan due, CancellationToken cancellation)
    {
        var (request, file) = expected[number];
        var answer = await request.SendAsync(client, cancellation);
        var seconds = (Stopwatch.GetElapsedTime(started) - due).TotalSeconds;
        return answer.Status == HttpStatusCode.OK && answer.Body.AsSpan().SequenceEqual(file)
            ? seconds
            : throw new InvalidOperationException($"{request} was answered with {answer.Status} and {answer.Body.Length} bytes that are not its image.");
    }
}
