using CtfService.Inference.Queue;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Images with and without decode steps share a device on which VQ encode is as slow as with libtorch on a small machine.</summary>
public sealed class FairnessTests : IDisposable
{
    private static readonly DeviceSpeed Speed = new(
        DecodeStep: TimeSpan.FromMilliseconds(1), VqEncode: TimeSpan.FromMilliseconds(100),
            Fine: TimeSpan.FromMilliseconds(5), VqDecode: TimeSpan.FromMilliseconds(10));

    private static readonly TimeSpan OfDrawnImage = (64 * Speed.DecodeStep) + Speed.Fine + Speed.VqDecode;
    private static readonly TimeSpan OfVariation = Speed.VqEncode + Speed.Fine + Speed.VqDecode;

    private readonly SimulatedInstance _instance = new(Speed, new InferenceOptions { MaxQueuedImages = 1_000, RequestTimeout = TimeSpan.FromHours(1) });

    public static TheoryData<string> Floods => new("variations", "redetail");

    [Theory]
    [MemberData(nameof(Floods))]
    public void DrawnImage_ArrivesDuringAFlood_WaitsForOneStepAndSharesTheDevice(string flood)
    {
        Request(flood, 300);
        Run(steps: 5);
        var requested = _instance.Clock.GetUtcNow();
        var seed = _instance.Request(Jobs.Image())[0];

        RunUntilEnded([seed]);

        var longestStep = TimeSpan.FromMilliseconds(250) + OfVariation; // a running step, or one more
        Assert.InRange(_instance.Generator.Ended[seed] - requested, OfDrawnImage, (2 * OfDrawnImage) + longestStep);
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public void Flood_DrawnImagesKeepTheDeviceBusy_GetsHalfOfItsTime(string flood)
    {
        var drawn = _instance.Request(Jobs.Image(), 600);
        var others = Request(flood, 300);
        var cost = flood == "redetail" ? Speed.Fine + Speed.VqDecode : OfVariation;
        var begun = _instance.Clock.GetUtcNow();

        Run(steps: 1_500);

        // Drawn images end in the order of arrival.
        Assert.DoesNotContain(drawn, seed => !_instance.Generator.Ended.ContainsKey(seed) && _instance.Generator.Ended.ContainsKey(drawn[^1]));
        var share = others.Count(_instance.Generator.Ended.ContainsKey) * cost / (_instance.Clock.GetUtcNow() - begun);
        Assert.InRange(share, 0.3, 0.6);
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public void Step_ImagesWait_HasABoundedAmountOfWork(string flood)
    {
        Request(flood, 200);
        _instance.Request(Jobs.Image(), 100);
        Request(flood, 200);

        Run(steps: 500);

        Assert.All(_instance.Generator.Steps, step =>
        {
            Assert.InRange(step.VqEncode.Images, 0, 8);
            Assert.InRange(step.Fine.Images, 0, 8);
            Assert.InRange(step.VqDecode.Images, 0, 8);
        });
    }

    [Fact]
    public void LayoutsAlone_NothingIsDrawn_RunInFullBatches()
    {
        var seeds = _instance.Request(SimulatedInstance.Redetail, 80);

        RunUntilEnded(seeds);

        Assert.InRange(_instance.Generator.Steps.Count, 10, 11); // batches of 8; the first batch may be smaller, because nothing has been measured
    }

    public void Dispose() => _instance.Dispose();

    private IReadOnlyList<ulong> Request(string kind, int count) => kind == "redetail"
        ? _instance.Request(SimulatedInstance.Redetail, count)
        : [.. Enumerable.Range(0, count).Select(_ => _instance.Request(SimulatedInstance.Variation)[0])];

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
