using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using Xunit.Abstractions;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Random arrivals on a simulated CPU whose queue is limited by time.</summary>
public sealed class BacklogTests(ITestOutputHelper output)
{
    private const int Classes = 24;

    private const double ImagesOfRequest = 1.5; // the mean

    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(0.1), VqEncode: TimeSpan.FromMilliseconds(40), Fine: TimeSpan.FromMilliseconds(3),
            VqDecode: TimeSpan.FromMilliseconds(4))
    { Row = TimeSpan.FromMilliseconds(0.15) };

    private static readonly TimeSpan Most = TimeSpan.FromMilliseconds(130);

    private static readonly TimeSpan Length = TimeSpan.FromMinutes(2);

    [Fact]
    public void Load_BelowTheCapacity_EndsSoonerAndFewAreRefused()
    {
        var (alone, capacity) = (Run(perSecond: 1, most: null), Capacity());

        var limited = Run(0.8 * capacity, Most);
        var unlimited = Run(0.8 * capacity, most: null);

        output.WriteLine($"capacity {capacity:0.0} requests/s\nalone {alone}\nunlimited {unlimited}\nlimited {limited}");
        Assert.InRange(limited.P99, alone.P99, 3 * alone.P99);
        Assert.True(unlimited.P99 > limited.P99);
        Assert.InRange(limited.Refused, 0, 0.1);
        Assert.Equal(0, unlimited.Refused);
    }

    [Fact]
    public void Load_TwiceTheCapacity_KeepsTheDeviceBusyAndCallersWhoReturnGetIn()
    {
        var capacity = Capacity();
        var full = Run(capacity, Most);

        var over = Run(2 * capacity, Most, obeying: 0.25);

        output.WriteLine($"capacity {capacity:0.0} requests/s\nfull {full}\ntwice {over}");
        Assert.True(over.ImagesPerSecond >= 0.95 * full.ImagesPerSecond);
        Assert.InRange(over.Admitted, 0.9, 1);
        Assert.True(over.Retries > 50);
    }

    /// <summary>Returns the most requests a second that the device can draw.</summary>
    private static double Capacity() => Run(perSecond: 60, most: null).ImagesPerSecond / ImagesOfRequest;

    /// <summary>Sends requests for one or two images at random times.</summary>
    /// <param name="most">Inference:MaxBacklog.</param>
    /// <param name="obeying">Share of the refused callers who come again.</param>
    private static Result Run(double perSecond, TimeSpan? most, double obeying = 0)
    {
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxBacklog = most, RequestTimeout = TimeSpan.FromHours(1) });
        var (clock, random) = (instance.Clock, new Random(2));
        var (begin, arrival) = (clock.GetUtcNow(), clock.GetUtcNow());
        var (sent, refused, retries, refusedRetries) = (0, 0, 0, 0);
        var waiting = new PriorityQueue<(int ClassId, int Images), DateTimeOffset>();
        var requests = new List<(DateTimeOffset At, IReadOnlyList<ulong> Seeds)>();
        TimeSpan? Send(int classId, int images, DateTimeOffset at)
        {
            try
            {
                requests.Add((at, instance.Request(Jobs.GuidedImage() with { ClassId = classId }, images)));
                return null;
            }
            catch (QueueFullException full)
            {
                return full.RetryAfter;
            }
        }

        while (clock.GetUtcNow() - begin < Length)
        {
            for (; arrival <= clock.GetUtcNow(); arrival += TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) / perSecond))
            {
                var (classId, images) = (random.Next(Classes), random.Next(1, 3));
                sent++;
                if (Send(classId, images, arrival) is { } wait)
                {
                    refused++;
                    if (random.NextDouble() < obeying)
                    {
                        waiting.Enqueue((classId, images), clock.GetUtcNow() + wait);
                    }
                }
            }

            while (waiting.TryPeek(out var request, out var due) && due <= clock.GetUtcNow())
            {
                waiting.Dequeue();
                retries++;
                refusedRetries += Send(request.ClassId, request.Images, due) is null ? 0 : 1;
            }

            instance.Step();
        }

        var ended = instance.Generator.Ended;
        var latencies = requests.Where(request => request.Seeds.All(ended.ContainsKey))
            .Select(request => (request.Seeds.Max(seed => ended[seed]) - request.At).TotalMilliseconds).Order().ToList();
        return new(
            ended.Count / Length.TotalSeconds, latencies[latencies.Count / 2], latencies[latencies.Count * 99 / 100],
            (double)refused / sent, retries, 1 - ((double)refusedRetries / Math.Max(1, retries)));
    }

    /// <param name="P50">Median time from a request to its last image, milliseconds.</param>
    /// <param name="P99">99th percentile of the same.</param>
    /// <param name="Refused">Share of the requests, without retries.</param>
    /// <param name="Retries">How many came again.</param>
    /// <param name="Admitted">Share of them that was admitted.</param>
    private sealed record Result(double ImagesPerSecond, double P50, double P99, double Refused, int Retries, double Admitted);
}
