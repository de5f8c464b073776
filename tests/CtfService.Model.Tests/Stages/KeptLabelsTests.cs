using CtfService.Core.Generation;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Tests.Stages.Windows;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>Images that keep some labels, in both coarse stages: the labels must be those that drawing gives after the same labels.</summary>
public sealed class KeptLabelsTests : IDisposable
{
    public enum StageKind
    {
        Host,
        HostWindows,
        Libtorch,
    }

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly ComputeThreadPool _pool = new(2);

    public static TheoryData<StageKind, int> Stages => new()
    {
        { StageKind.Host, 1 }, { StageKind.Host, 2 }, { StageKind.Host, 7 }, { StageKind.Host, 64 },
        { StageKind.HostWindows, 2 }, { StageKind.HostWindows, 7 }, { StageKind.HostWindows, 64 },
        { StageKind.Libtorch, 8 },
    };

    private static int Positions => CoarseRuns.Config.Positions;

    [Theory]
    [MemberData(nameof(Stages))]
    public void Step_SomeOfItsOwnLabelsKept_DrawsTheOthersAgain(StageKind kind, int rows)
    {
        using var stage = Stage(kind, rows);
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
    public void Step_OtherLabelsKept_FollowsThem(StageKind kind, int rows)
    {
        using var stage = Stage(kind, rows);
        var image = CoarseRuns.Image(1, 3, new SamplingSettings());
        var other = CoarseRuns.Alone(stage, image with { Seed = 4 });
        var kept = Kept(other, cell => cell < 20);

        stage.Add(1, image, kept);
        var labels = Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels;

        Assert.Equal(other[..20], labels[..20]);
        Assert.NotEqual(CoarseRuns.Alone(stage, image)[20..], labels[20..]);
    }

    [Theory]
    [InlineData(StageKind.Host)]
    [InlineData(StageKind.HostWindows)]
    [InlineData(StageKind.Libtorch)]
    public void Step_BesideOthersThatComeAndGo_DrawsTheLabelsOfAlone(StageKind kind)
    {
        const int Rows = 10;
        using var stage = Stage(kind, Rows);
        var images = CoarseRuns.Specifications(12);
        int[]?[] kept = [.. images.Select((image, place) =>
            place % 4 == 0 ? null : Choices(CoarseRuns.Alone(stage, image with { Seed = 77 }), new Random(place))[place % 4])];
        images = [.. images.Select((image, place) => place % 3 == 0 ? WithCandidates(image, 3) : image)];
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
        using var stage = Stage(StageKind.Host, rows: 16);
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

    [Theory]
    [MemberData(nameof(Stages))]
    public void Step_Candidates_TakesTheOneUnderWhichTheKeptLabelsAreLikeliest(StageKind kind, int rows)
    {
        const int Candidates = 5;
        using var stage = Stage(kind, rows);
        var isOther = false;
        var images = CoarseRuns.Specifications(12).Where(image => image.Rows <= rows && image.Coarse.GuidanceInterval == SamplingSettings.AlwaysGuided);
        foreach (var image in images)
        {
            foreach (var kept in Choices(CoarseRuns.Alone(stage, image with { Seed = 77 }), new Random((int)image.Seed)))
            {
                int[][] drawn = [.. Enumerable.Range(0, Candidates).Select(index => Draw(
                    stage, index == 0 ? image : image with { Seed = ImageSeed.Derive(image.Seed, index) }, kept))];
                var expected = drawn.MaxBy(labels => LogLikelihood(image, labels, kept))!;

                Assert.Equal(expected, Draw(stage, WithCandidates(image, Candidates), kept));

                isOther |= !expected.SequenceEqual(drawn[0]);
            }
        }

        Assert.True(isOther);
    }

    [Theory]
    [InlineData(StageKind.Host)]
    [InlineData(StageKind.HostWindows)]
    [InlineData(StageKind.Libtorch)]
    public void Step_CandidatesAndNothingKeptAfterTheDrawnPart_DrawsOne(StageKind kind)
    {
        using var stage = Stage(kind, rows: 4);
        var image = CoarseRuns.Image(1, 3, new SamplingSettings());
        var kept = Kept(CoarseRuns.Alone(stage, image with { Seed = 4 }), cell => cell < Positions - 5);
        stage.Add(1, WithCandidates(image, 8), kept);

        var steps = 0;
        for (; stage.Count > 0; steps++)
        {
            stage.Step();
        }

        Assert.InRange(steps, kind == StageKind.HostWindows ? 1 : 5, 5 + (Positions / 4));
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _pool.Dispose();
    }

    private ICoarseStage Stage(StageKind kind, int rows) => kind switch
    {
        StageKind.Host => new HostCoarseStage(EngineModels.Engine(_transformer, _pool, rows)),
        StageKind.HostWindows => new HostCoarseStage(EngineModels.Engine(_transformer, _pool, rows), new RandomWindows(new Random(rows))),
        _ => new TorchCoarseStage(_transformer, new DeviceMemory(CPU), rows),
    };

    private static int[] Draw(ICoarseStage stage, ImageSpecification image, int[] kept)
    {
        stage.Add(1, image, kept);
        return Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels;
    }

    internal static ImageSpecification WithCandidates(ImageSpecification image, int count)
    {
        var layout = new LayoutSource.Edited(new RgbImage(1, 1, new byte[3]), new EditMask(1, 1, [true])) { Candidates = count };
        return image with { Layout = layout };
    }

    /// <summary>Returns the logarithm of the probability of the kept labels after the first drawn one, from a pass over the whole sequence.</summary>
    private double LogLikelihood(ImageSpecification image, int[] labels, int[] kept)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var cells = tensor(labels, int64).unsqueeze(0);
        var logits = _transformer.call(tensor(new long[] { image.ClassId }), cells)[0];
        if (image.Coarse.IsGuided)
        {
            var other = _transformer.call(tensor(new long[] { CoarseRuns.Config.NullClass }), cells)[0];
            logits = other + ((logits - other) * image.Coarse.GuidanceScale);
        }

        var logProbabilities = nn.functional.log_softmax(logits.to(float64), 1);
        return Enumerable.Range(Array.IndexOf(kept, LayoutSource.NewToken), Positions - Array.IndexOf(kept, LayoutSource.NewToken))
            .Where(cell => kept[cell] != LayoutSource.NewToken).Sum(cell => logProbabilities[cell, labels[cell]].item<double>());
    }

    /// <summary>A beginning, an end, a hole, scattered labels, and a rectangle of the grid.</summary>
    internal static int[][] Choices(int[] labels, Random random) =>
    [
        Kept(labels, cell => cell < Positions / 2),
        Kept(labels, cell => cell > Positions / 3),
        Kept(labels, cell => cell is < 7 or > 25),
        Kept(labels, _ => random.Next(3) > 0),
        Kept(labels, cell => cell % CoarseRuns.Config.GridWidth is < 2 or > 6 || cell / CoarseRuns.Config.GridWidth is < 1 or > 3),
    ];

    private static int[] Kept(int[] labels, Func<int, bool> isKept) => [.. labels.Select((label, cell) => isKept(cell) ? label : LayoutSource.NewToken)];
}
