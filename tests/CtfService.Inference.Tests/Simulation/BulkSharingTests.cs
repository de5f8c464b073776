using CtfService.Core.Generation;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>What interactive images and jobs cost each other, in simulated time.</summary>
public sealed class BulkSharingTests : IDisposable
{
    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(1), VqEncode: TimeSpan.FromMilliseconds(100),
            Fine: TimeSpan.FromMilliseconds(3), VqDecode: TimeSpan.FromMilliseconds(2));

    private static readonly TimeSpan OfDrawnImage = (64 * Speed.DecodeStep) + Speed.Fine + Speed.VqDecode;

    private readonly SimulatedInstance _instance = new(Speed, new InferenceOptions { MaxQueuedImages = 1_000, RequestTimeout = TimeSpan.FromHours(1) });

    public static TheoryData<string> Works => new("drawn", "redetail", "variations");

    [Theory]
    [MemberData(nameof(Works))]
    public void InteractiveImage_ArrivesDuringAJob_WaitsForOneStepAtMost(string work)
    {
        _instance.RequestBulk(Image(work), 500);
        var longest = TimeSpan.Zero;
        for (var image = 0; image < 40; image++)
        {
            Run(steps: 29 + image); // at another moment of the job each time
            var requested = _instance.Clock.GetUtcNow();
            var seed = _instance.Request(Jobs.GuidedImage())[0];
            RunUntilEnded([seed]);
            longest = _instance.Generator.Ended[seed] - requested is var elapsed && elapsed > longest ? elapsed : longest;
        }

        Assert.Equal(OfDrawnImage, longest); // in the simulation, requests come between steps, so not even one step is lost
        Assert.All(
            _instance.Generator.Steps.Where(step => step.Rows > 2),
            step => Assert.Equal((0, 0, 0), (step.VqEncode.Images, step.Fine.Images, step.VqDecode.Images))); // bulk steps have one stage
    }

    [Fact]
    public void Job_InteractiveImagesTakeHalfOfTheTime_GetsTheOtherHalf()
    {
        var bulk = _instance.RequestBulk(Jobs.Image(), 2_000);
        var alone = Rate(bulk, () => Run(steps: 2_000));

        var beside = Rate(bulk, () =>
        {
            for (var image = 0; image < 50; image++)
            {
                var asked = _instance.Clock.GetUtcNow();
                RunUntilEnded(_instance.Request(Jobs.Image()));
                var busy = _instance.Clock.GetUtcNow() - asked;
                while (_instance.Clock.GetUtcNow() - asked < 2 * busy)
                {
                    _instance.Step();
                }
            }
        });

        Assert.InRange(beside / alone, 0.45, 0.55);
    }

    [Fact]
    public void Job_InteractiveLoadIsFull_WaitsAndThenGoesOn()
    {
        var bulk = _instance.RequestBulk(Jobs.Image(), 12);
        Run(steps: 10);
        var interactive = _instance.Request(Jobs.Image(), 200);
        RunUntilEnded(interactive);
        Assert.DoesNotContain(bulk, _instance.Generator.Ended.ContainsKey); // intended: a job gets idle time only

        RunUntilEnded(bulk);
    }

    [Fact]
    public void SmallSubmission_BehindALargeOne_EndsWithinTwoImages()
    {
        _instance.RequestBulk(Jobs.Image(), 1_000);
        Run(steps: 200);
        var requested = _instance.Clock.GetUtcNow();

        RunUntilEnded(_instance.RequestBulk(Jobs.Image(), 5));

        var ofFullBatch = (64 * Speed.DecodeStep) + (12 * (Speed.Fine + Speed.VqDecode));
        Assert.InRange(_instance.Clock.GetUtcNow() - requested, OfDrawnImage, 2 * ofFullBatch);
    }

    [Fact]
    public void Variations_OfAJobBesideItsDrawnImages_LetBothAdvance()
    {
        var drawn = _instance.RequestBulk(Jobs.Image(), 200);
        var variations = _instance.RequestBulk(SimulatedInstance.Redetail, 200);

        Run(steps: 2_000);

        Assert.True(drawn.Count(_instance.Generator.Ended.ContainsKey) > 30);
        Assert.True(variations.Count(_instance.Generator.Ended.ContainsKey) > 30);
    }

    public void Dispose() => _instance.Dispose();

    private static ImageSpecification Image(string work) => work switch
    {
        "drawn" => Jobs.Image(),
        "redetail" => SimulatedInstance.Redetail,
        _ => SimulatedInstance.Variation,
    };

    /// <summary>Returns the images that ended per second.</summary>
    private double Rate(IReadOnlyList<ulong> seeds, Action run)
    {
        var (before, started) = (seeds.Count(_instance.Generator.Ended.ContainsKey), _instance.Clock.GetUtcNow());
        run();
        return (seeds.Count(_instance.Generator.Ended.ContainsKey) - before) / (_instance.Clock.GetUtcNow() - started).TotalSeconds;
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
