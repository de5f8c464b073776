using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using Xunit.Abstractions;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Requests with tight deadlines: those that are refused could not have ended in time, and most others do.</summary>
public sealed class DeadlineForecastTests(ITestOutputHelper output)
{
    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(1), VqEncode: TimeSpan.FromMilliseconds(20), Fine: TimeSpan.FromMilliseconds(2),
            VqDecode: TimeSpan.FromMilliseconds(2))
    {
        Row = TimeSpan.FromMilliseconds(0.5),
    };

    [Theory]
    [InlineData(1, 1)] // seed, number of keys
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 4)]
    public void Request_IsRefused_CouldNotHaveEndedInTime(int seed, int keys)
    {
        var plan = Plan(new Random(seed), keys, count: 150);
        var first = Run(plan, admitted: null);

        foreach (var refused in first.Refused.Where((_, number) => number % 5 == 0))
        {
            var elapsed = Run(plan, admitted: refused).Elapsed[refused]; // the same again, except that it has no deadline
            Assert.True(elapsed > plan[refused].Timeout, $"Request {refused} was refused, but took {elapsed} of {plan[refused].Timeout}.");
        }

        var late = first.Elapsed.Count(request => request.Value > plan[request.Key].Timeout);
        output.WriteLine($"{first.Refused.Count} of {plan.Count} refused, {late} late");
        Assert.InRange(first.Refused.Count, 10, 120);
        Assert.InRange(late, 0, plan.Count / (keys == 1 ? 4 : 2)); // images of other keys that arrive later and have their turns are not foreseen
    }

    [Fact]
    public void Request_NeedsMoreThanAnIdleServiceCanDo_IsRefusedWithoutARetry()
    {
        using var instance = new SimulatedInstance(Speed);
        Measure(instance);

        var refused = Assert.Throws<DeadlineTooShortException>(() => instance.Request(Jobs.Image(), 16, timeout: TimeSpan.FromMilliseconds(300)));

        Assert.Null(refused.RetryAfter);
        Assert.Contains("its limit is 0.3 s (the test)", refused.Message, StringComparison.Ordinal);
        instance.Request(Jobs.Image(), 1, timeout: TimeSpan.FromMilliseconds(300));
    }

    [Fact]
    public void Request_ManyImagesWait_IsRefusedAndToldWhenToComeBack()
    {
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxQueuedImages = 1_000, RequestTimeout = TimeSpan.FromHours(1) });
        Measure(instance);
        instance.Request(Jobs.Image(), 320); // 20 batches of more than 0.5 s

        var refused = Assert.Throws<DeadlineTooShortException>(() => instance.Request(Jobs.Image(), 1, timeout: TimeSpan.FromSeconds(2)));

        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(14));
    }

    [Fact]
    public void Request_OfAModestKeyBesideAFlood_IsAdmittedAndInTime()
    {
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxQueuedImages = 1_000, RequestTimeout = TimeSpan.FromHours(1) });
        Measure(instance);
        instance.Request(Jobs.Image(), 320, new ImageFlow("flood", 1));
        instance.Step();
        var started = instance.Clock.GetUtcNow();

        var seed = instance.Request(Jobs.Image(), 1, new ImageFlow("single", 1), timeout: TimeSpan.FromSeconds(0.2))[0];

        while (!instance.Generator.Ended.ContainsKey(seed))
        {
            instance.Step();
        }

        Assert.InRange(instance.Generator.Ended[seed] - started, TimeSpan.Zero, TimeSpan.FromSeconds(0.2));
    }

    [Fact]
    public void Request_NothingIsMeasured_IsAdmitted()
    {
        using var instance = new SimulatedInstance(Speed);

        instance.Request(Jobs.Image(), 16, timeout: TimeSpan.FromMilliseconds(1));
    }

    private static void Measure(SimulatedInstance instance)
    {
        foreach (var images in (int[])[1, 16])
        {
            var seeds = instance.Request(Jobs.Image(), images);
            while (!seeds.All(instance.Generator.Ended.ContainsKey))
            {
                instance.Step();
            }
        }
    }

    private static List<Planned> Plan(Random random, int keys, int count)
    {
        var at = TimeSpan.Zero;
        return [.. Enumerable.Range(0, count).Select(_ => new Planned(
            at += TimeSpan.FromMilliseconds(random.Next(300)),
            new ImageFlow($"key {Math.Max(0, random.Next(2 * keys) - keys)}", 1),
            random.Next(1, 17),
            TimeSpan.FromMilliseconds(100 + random.Next(3_000)))),
        ];
    }

    /// <summary>Sends the requests at their times.</summary>
    /// <param name="admitted">Number of a request without a deadline; null for none.</param>
    private static (List<int> Refused, Dictionary<int, TimeSpan> Elapsed) Run(List<Planned> plan, int? admitted)
    {
        using var instance = new SimulatedInstance(Speed, new InferenceOptions { MaxQueuedImages = 100_000, RequestTimeout = TimeSpan.FromHours(1) });
        Measure(instance);
        var begun = instance.Clock.GetUtcNow();
        var (refused, sent) = (new List<int>(), new Dictionary<int, (DateTimeOffset At, IReadOnlyList<ulong> Seeds)>());
        for (var next = 0; next < plan.Count || !sent.Values.All(request => request.Seeds.All(instance.Generator.Ended.ContainsKey));)
        {
            for (; next < plan.Count && begun + plan[next].At <= instance.Clock.GetUtcNow(); next++)
            {
                var (_, flow, images, timeout) = plan[next];
                try
                {
                    // The simulation drops no image that is late, so that the time that it takes is known.
                    var seeds = instance.Request(Jobs.Image(), images, flow, timeout: next == admitted ? TimeSpan.FromHours(1) : timeout);
                    sent[next] = (instance.Clock.GetUtcNow(), seeds);
                }
                catch (DeadlineTooShortException)
                {
                    refused.Add(next);
                }
            }

            instance.Step();
        }

        var elapsed = sent.ToDictionary(request => request.Key, request => request.Value.Seeds.Max(seed => instance.Generator.Ended[seed]) - request.Value.At);
        return (refused, elapsed);
    }

    private sealed record Planned(TimeSpan At, ImageFlow Flow, int Images, TimeSpan Timeout);
}
