using CtfService.Core.Generation;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>Images that keep some labels, in both coarse stages: the labels must be those that drawing gives after the same labels.</summary>
public sealed class KeptLabelsTests : IDisposable
{
    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly ComputeThreadPool _pool = new(2);

    public static TheoryData<bool, int> Stages => new() { { true, 1 }, { true, 2 }, { true, 7 }, { true, 64 }, { false, 8 } };

    private static int Positions => CoarseRuns.Config.Positions;

    [Theory]
    [MemberData(nameof(Stages))]
    public void Step_SomeOfItsOwnLabelsKept_DrawsTheOthersAgain(bool isHost, int rows)
    {
        using var stage = Stage(isHost, rows);
        foreach (var image in CoarseRuns.Specifications(20).Where(image => image.Rows <= rows))
        {
            var drawn = CoarseRuns.Alone(stage, image);
            foreach (var kept in Choices(drawn, new Random((int)image.Seed)))
            {
                stage.Add(1, image, kept);
                Assert.Equal(drawn, Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void Step_OtherLabelsKept_FollowsThem(bool isHost, int rows)
    {
        using var stage = Stage(isHost, rows);
        var image = CoarseRuns.Image(1, 3, new SamplingSettings());
        var other = CoarseRuns.Alone(stage, image with { Seed = 4 });
        var kept = Kept(other, cell => cell < 20);

        stage.Add(1, image, kept);
        var labels = Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels;

        Assert.Equal(other[..20], labels[..20]);
        Assert.NotEqual(CoarseRuns.Alone(stage, image)[20..], labels[20..]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Step_BesideOthersThatComeAndGo_DrawsTheLabelsOfAlone(bool isHost)
    {
        const int Rows = 10;
        using var stage = Stage(isHost, Rows);
        var images = CoarseRuns.Specifications(12);
        int[]?[] kept = [.. images.Select((image, place) =>
            place % 4 == 0 ? null : Choices(CoarseRuns.Alone(stage, image with { Seed = 77 }), new Random(place))[place % 4])];
        var alone = images.Zip(kept, (image, labels) =>
        {
            stage.Add(1, image, labels);
            return Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels;
        }).ToList();

        for (var mix = 0; mix < 20; mix++)
        {
            var random = new Random(mix);
            var finished = new List<RunningImage>();
            for (var next = 0; next < images.Length || stage.Count > 0;)
            {
                while (next < images.Length && images[next].Rows <= stage.FreeRows && random.Next(3) > 0)
                {
                    stage.Add(next, images[next], kept[next]);
                    next++;
                }

                if (stage.Count > 0)
                {
                    finished.AddRange(stage.Step());
                }
            }

            Assert.Equal(images.Length, finished.Count);
            Assert.All(finished, image => Assert.Equal(alone[(int)image.Id], image.CoarseLabels));
            Assert.Equal(Rows, stage.FreeRows);
        }
    }

    [Fact]
    public void Step_ManyKeptLabels_TakesOneStepForEachDrawnLabelAndFewMore()
    {
        using var stage = Stage(isHost: true, rows: 16);
        var image = CoarseRuns.Image(1, 3, new SamplingSettings(GuidanceScale: 2));
        var drawn = CoarseRuns.Alone(stage, image);
        stage.Add(1, image, Kept(drawn, cell => cell is not (30 or 40)));

        var steps = 0;
        for (; stage.Count > 0; steps++)
        {
            stage.Step();
        }

        // 31 positions of two rows each, 16 rows a step: 4 steps. Then 10 more positions: 2 steps. Nothing after the last drawn label.
        Assert.Equal(6, steps);
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _pool.Dispose();
    }

    private ICoarseStage Stage(bool isHost, int rows) => isHost
        ? new HostCoarseStage(EngineModels.Engine(_transformer, _pool, rows))
        : new TorchCoarseStage(_transformer, new DeviceMemory(CPU), rows);

    /// <summary>A beginning, an end, a hole, scattered labels, and a rectangle of the grid.</summary>
    private static int[][] Choices(int[] labels, Random random) =>
    [
        Kept(labels, cell => cell < Positions / 2),
        Kept(labels, cell => cell > Positions / 3),
        Kept(labels, cell => cell is < 7 or > 25),
        Kept(labels, _ => random.Next(3) > 0),
        Kept(labels, cell => cell % CoarseRuns.Config.GridWidth is < 2 or > 6 || cell / CoarseRuns.Config.GridWidth is < 1 or > 3),
    ];

    private static int[] Kept(int[] labels, Func<int, bool> isKept) => [.. labels.Select((label, cell) => isKept(cell) ? label : LayoutSource.NewToken)];
}
