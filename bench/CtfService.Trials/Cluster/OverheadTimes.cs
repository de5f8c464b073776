using System.Diagnostics;
using CtfService.Trials.Images;

namespace CtfService.Trials.Cluster;

/// <summary>Times of the same requests sent directly and through the gateway, in turn, so that changes of the machine's speed meet both alike.</summary>
internal sealed record OverheadTimes(Latencies Direct, Latencies Through)
{
    private const double Milliseconds = 1_000;

    /// <summary>Difference of the medians, milliseconds.</summary>
    public double AddedP50 => (Through.P50 - Direct.P50) * Milliseconds;

    /// <summary>Difference of the 99th percentiles, milliseconds.</summary>
    public double AddedP99 => (Through.P99 - Direct.P99) * Milliseconds;

    /// <exception cref="HttpRequestException">An answer was not 2xx.</exception>
    public static async Task<OverheadTimes> RunAsync(
        ProbedRequest kind, HttpClient direct, HttpClient through, int repeats, CancellationToken cancellation)
    {
        List<double> directly = [], behind = [];
        for (var number = 0; number < repeats; number++)
        {
            var isDirectFirst = number % 2 == 0; // the second of two equal requests may find warmer caches
            foreach (var isDirect in (bool[])[isDirectFirst, !isDirectFirst])
            {
                (isDirect ? directly : behind).Add(await TimeAsync(kind.Create(number), isDirect ? direct : through, cancellation));
            }
        }

        return new(new Latencies(directly), new Latencies(behind));
    }

    /// <summary>Returns the seconds until the last byte.</summary>
    private static async Task<double> TimeAsync(HttpRequestMessage request, HttpClient client, CancellationToken cancellation)
    {
        using (request)
        {
            var started = Stopwatch.GetTimestamp();
            using var answer = await client.SendAsync(request, cancellation);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            answer.EnsureSuccessStatusCode();
            return seconds;
        }
    }
}
