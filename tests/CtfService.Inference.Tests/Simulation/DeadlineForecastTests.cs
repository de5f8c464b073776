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

    /// <summary>A GPU, where a step hardly depends on its rows: an image alone gets 3.3 labels in a step.</summary>
    private static readonly DeviceSpeed Windows = Speed with
    {
        DecodeStep = TimeSpan.FromMilliseconds(5),
        Row = TimeSpan.FromMilliseconds(0.1),
        MaxWindow = 16,
    };

    [Theory]
    [InlineData(1, 1)] // seed, number of keys
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 4)]
    [InlineData(2, 1, 4)] // largest window
    [InlineData(3, 2, 16)]
    public void Request_IsRefused_CouldNotHaveEndedInTime(int seed, int keys, int window = 1)
    {
        var plan = Plan(new Random(seed), keys, count: 150);
        var speed = window == 1 ? Speed : Windows with { MaxWindow = window };
        var first = Run(speed, plan, admitted: null);

        foreach (var refused in first.Refused.Where((_, number) => number % 5 == 0))
        {
            var elapsed = Run(speed, plan, admitted: refused).Elapsed[refused]; // the same again, except that it has no deadline
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
    public void Request_OneImageOnAnIdleDevice_IsJudgedByTheSpeedOfItsWindows()
    {
        using var instance = new SimulatedInstance(Windows);
        MeasureGuided(instance, 1, 16, 1); // 64 labels take 0.34 s one by one, and 0.13 s with windows

        var seed = instance.Request(Jobs.GuidedImage(), timeout: TimeSpan.FromSeconds(0.2))[0];
        var started = instance.Clock.GetUtcNow();
        StepUntilEnded(instance, seed);

        Assert.InRange(instance.Generator.Ended[seed] - started, TimeSpan.FromSeconds(0.05), TimeSpan.FromSeconds(0.2));
        Assert.Throws<DeadlineTooShortException>(() => instance.Request(Jobs.GuidedImage(), timeout: TimeSpan.FromSeconds(0.05)));
    }

    [Fact]
    public void Request_AFewImagesOnADeviceThatKnowsOneOnly_IsNotRefused()
    {
        using var instance = new SimulatedInstance(Windows);
        MeasureGuided(instance, 1, 1);

        var seeds = instance.Request(Jobs.GuidedImage(), count: 2, timeout: TimeSpan.FromSeconds(0.25)); // windows of 4 positions
        var started = instance.Clock.GetUtcNow();
        StepUntilEnded(instance, [.. seeds]);

        Assert.InRange(seeds.Max(seed => instance.Generator.Ended[seed]) - started, TimeSpan.Zero, TimeSpan.FromSeconds(0.25));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Request_ManyImagesWait_IsNotPromisedTheSpeedOfWindows(bool isFullBatchMeasured)
    {
        using var instance = new SimulatedInstance(Windows, new InferenceOptions { MaxQueuedImages = 84, RequestTimeout = TimeSpan.FromHours(1) });
        MeasureGuided(instance, isFullBatchMeasured ? [1, 8, 1] : [1, 1]);
        instance.Request(Jobs.GuidedImage(), 80); // 10 batches of 64 steps of 6.6 ms each: 4.2 s, and 1.7 s at the speed of one image

        var refused = Assert.Throws<DeadlineTooShortException>(() => instance.Request(Jobs.GuidedImage(), timeout: TimeSpan.FromSeconds(3.5)));

        Assert.NotNull(refused.RetryAfter);
        Assert.InRange(instance.Queue.Report().Wait, TimeSpan.FromSeconds(3.8), TimeSpan.FromSeconds(5.5));
        var full = Assert.Throws<QueueFullException>(() => instance.Request(Jobs.GuidedImage(), count: 64)); // 7 batches must have started: 3 s
        Assert.InRange(full.RetryAfter, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5));
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
            StepUntilEnded(instance, [.. instance.Request(Jobs.Image(), images)]);
        }
    }

    /// <summary>Draws numbers of guided images, one after the other.</summary>
    private static void MeasureGuided(SimulatedInstance instance, params int[] numbers)
    {
        foreach (var images in numbers)
        {
            StepUntilEnded(instance, [.. instance.Request(Jobs.GuidedImage(), images)]);
        }
    }

    private static void StepUntilEnded(SimulatedInstance instance, params ulong[] seeds)
    {
        while (!seeds.All(instance.Generator.Ended.ContainsKey))
        {
            instance.Step();
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
    private static (List<int> Refused, Dictionary<int, TimeSpan> Elapsed) Run(DeviceSpeed speed, List<Planned> plan, int? admitted)
    {
        using var instance = new SimulatedInstance(speed, new InferenceOptions { MaxQueuedImages = 100_000, RequestTimeout = TimeSpan.FromHours(1) });
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
