using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>What keys cost each other on a simulated CPU, where each row makes a step longer.</summary>
public sealed class FlowSharingTests : IDisposable
{
    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(1), VqEncode: TimeSpan.FromMilliseconds(20), Fine: TimeSpan.FromMilliseconds(4),
            VqDecode: TimeSpan.FromMilliseconds(4))
    {
        Row = TimeSpan.FromMilliseconds(0.5),
    };

    private static readonly TimeSpan Alone = (64 * (Speed.DecodeStep + Speed.Row)) + Speed.Fine + Speed.VqDecode;

    /// <summary>A step with all rows and full batches of the later stages.</summary>
    private static readonly TimeSpan LongestStep = Speed.DecodeStep + (16 * Speed.Row) + (8 * (Speed.Fine + Speed.VqDecode));

    private static readonly ImageFlow Flood = new("flood", 1);
    private static readonly ImageFlow Single = new("single", 1);

    private readonly SimulatedInstance _instance = new(Speed, new InferenceOptions { MaxQueuedImages = 10_000, RequestTimeout = TimeSpan.FromHours(1) });

    [Fact]
    public void SingleImage_BesideAFlood_TakesAsLongAsAloneAndOneStep()
    {
        _instance.Request(Jobs.Image(), 1_024, Flood);
        for (var image = 0; image < 40; image++)
        {
            Run(steps: 29 + image);

            var elapsed = TimeOf(Jobs.Image(), Single);

            Assert.InRange(elapsed, Alone, Alone + LongestStep);
        }
    }

    [Fact]
    public void SingleImage_OfAKeyWithASmallWeight_OvertakesToo()
    {
        _instance.Request(Jobs.GuidedImage(), 1_024, Flood with { Weight = 8 });
        Run(steps: 100);

        Assert.InRange(TimeOf(Jobs.Image(), Single), Alone, Alone + LongestStep);
    }

    [Fact]
    public void Flood_BesideAKeyWithOneImageAfterAnother_IsNotStarved()
    {
        var alone = Elapsed(() => RunUntilEnded(_instance.Request(Jobs.Image(), 800, Flood)));
        var flood = _instance.Request(Jobs.Image(), 4_000, Flood);
        Run(steps: 10);
        var singles = 0;
        var beside = Elapsed(() =>
        {
            while (flood.Count(_instance.Generator.Ended.ContainsKey) < 800)
            {
                TimeOf(Jobs.Image(), Single);
                singles++;
            }
        });

        Assert.InRange(singles, 300, 800); // weights are equal
        Assert.InRange(alone / beside, 0.3, 1);
    }

    [Fact]
    public void Floods_WithWeights_FinishImagesByWeight()
    {
        var heavy = _instance.Request(Jobs.Image(), 3_000, Flood with { Weight = 3 });
        var light = _instance.Request(Jobs.Image(), 3_000, Single);

        Run(steps: 64 * 100);

        var ratio = (double)heavy.Count(_instance.Generator.Ended.ContainsKey) / light.Count(_instance.Generator.Ended.ContainsKey);
        Assert.InRange(ratio, 2.97, 3.03);
        Assert.All(_instance.Generator.Steps.Where(step => step.Rows > 0), step => Assert.Equal(16, step.Rows)); // nobody overtakes
    }

    [Fact]
    public void OneFlow_HasManyRequests_RunsInTheSameBatchesAsBefore()
    {
        var seeds = _instance.Request(Jobs.Image(), 64, Flood);

        RunUntilEnded(seeds);

        Assert.All(_instance.Generator.Steps.Where(step => step.Rows > 0), step => Assert.Equal(16, step.Rows));
        Assert.Equal(seeds, seeds.OrderBy(seed => _instance.Generator.Ended[seed]).ThenBy(seed => seed));
    }

    [Fact]
    public void ModestFlows_WithoutAFlood_ShareTheirSteps()
    {
        IReadOnlyList<ulong> seeds = [.. Enumerable.Range(0, 8).SelectMany(key => _instance.Request(Jobs.Image(), 2, new ImageFlow($"key {key}", 1)))];

        RunUntilEnded(seeds);

        Assert.All(_instance.Generator.Steps.Where(step => step.Rows > 0), step => Assert.Equal(16, step.Rows));
    }

    [Fact]
    public void BatchImages_BesideInteractiveOnes_PauseAndThenGoOn()
    {
        var batch = _instance.Request(Jobs.Image(), 30, Flood, ImagePriority.Batch);
        Run(steps: 20);

        var elapsed = TimeOf(Jobs.Image(), Flood);

        Assert.Equal(Alone, elapsed); // in the simulation, requests come between steps
        Assert.DoesNotContain(batch, _instance.Generator.Ended.ContainsKey);
        RunUntilEnded(batch);
    }

    [Fact]
    public void BatchImages_BesideBulkImages_GoFirst()
    {
        var bulk = _instance.RequestBulk(Jobs.Image(), 30);
        Run(steps: 20);
        var batch = _instance.Request(Jobs.Image(), 30, Flood, ImagePriority.Batch);

        RunUntilEnded(batch);

        Assert.DoesNotContain(bulk, _instance.Generator.Ended.ContainsKey);
        RunUntilEnded(bulk);
    }

    [Fact]
    public void HighImage_BesideOthersOfItsFlow_RunsAlone()
    {
        _instance.Request(Jobs.Image(), 100, Flood);
        Run(steps: 40);

        Assert.InRange(TimeOf(Jobs.Image(), Flood, ImagePriority.High), Alone, Alone + LongestStep);
    }

    [Fact]
    public void BulkJobs_OfKeysWithWeights_ShareByWeight()
    {
        var (heavy, light) = (_instance.RequestBulk(Jobs.Image(), 1_000, Flood with { Weight = 3 }), _instance.RequestBulk(Jobs.Image(), 1_000, Single));

        Run(steps: 6_000);

        var ratio = (double)heavy.Count(_instance.Generator.Ended.ContainsKey) / light.Count(_instance.Generator.Ended.ContainsKey);
        Assert.InRange(ratio, 2.9, 3.1);
    }

    public void Dispose() => _instance.Dispose();

    private TimeSpan TimeOf(ImageSpecification image, ImageFlow flow, ImagePriority priority = ImagePriority.Interactive)
    {
        var requested = _instance.Clock.GetUtcNow();
        var seeds = _instance.Request(image, 1, flow, priority);
        RunUntilEnded(seeds);
        return _instance.Generator.Ended[seeds[0]] - requested;
    }

    private TimeSpan Elapsed(Action run)
    {
        var started = _instance.Clock.GetUtcNow();
        run();
        return _instance.Clock.GetUtcNow() - started;
    }

    private void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            _instance.Step();
        }
    }

    private void RunUntilEnded(IReadOnlyList<ulong> seeds)
    {
        while (!seeds.All(_instance.Generator.Ended.ContainsKey))
        {
            _instance.Step();
        }
    }
}
