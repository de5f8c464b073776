using CtfService.Core.Generation;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Stages.Windows;

/// <summary>Windows of several labels: the labels must be those of drawing one at a time, alone.</summary>
public sealed class WindowTests : IDisposable
{
    private const int Rows = 40;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly ComputeThreadPool _pool = new(2);

    public static TheoryData<VectorWidth, WeightFormat> Engines
    {
        get
        {
            var engines = new TheoryData<VectorWidth, WeightFormat>();
            foreach (var width in Enum.GetValues<VectorWidth>().Where(VectorWidths.IsSupported))
            {
                foreach (var format in Enum.GetValues<WeightFormat>())
                {
                    engines.Add(width, format);
                }
            }

            return engines;
        }
    }

    /// <summary>Each of up to nine engines runs 250 mixes: on a machine with all vector widths more than 2,000.</summary>
    [Theory]
    [MemberData(nameof(Engines))]
    public void Step_RandomWindowsAndArrivals_DrawsTheLabelsOfOneAtATimeAlone(VectorWidth width, WeightFormat format)
    {
        var images = CoarseRuns.Specifications(40);
        using var sequential = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 2, width, format));
        var alone = images.Select(image => CoarseRuns.Alone(sequential, image)).ToList();
        foreach (var mix in Enumerable.Range(0, 250))
        {
            var random = new Random(mix);
            var engine = EngineModels.Engine(_transformer, _pool, random.Next(2, Rows), width, format);
            using var stage = new HostCoarseStage(engine, new RandomWindows(random), mix % 2 == 0 ? new RandomDrafts(random) : null);

            Assert.All(CoarseRuns.Mix(stage, images, random), finished => Assert.Equal(alone[finished.Place], finished.Labels));
        }
    }

    [Fact]
    public void Step_InverseCdf_DrawsTheLabelsOfOneAtATime()
    {
        using var sequential = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 2));
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, Rows), new FixedWindow(8));

        Assert.All(CoarseRuns.Specifications(20).Select(image => image with { Method = SamplingMethod.InverseCdf }), image =>
            Assert.Equal(CoarseRuns.Alone(sequential, image), CoarseRuns.Alone(stage, image)));
    }

    /// <summary>With drafts that are always right, each step draws its whole window.</summary>
    [Theory]
    [InlineData(1, 45)]
    [InlineData(4, 12)]
    [InlineData(32, 2)]
    public void Step_RightDrafts_TakesAStepForEachWindow(int window, int steps)
    {
        var image = CoarseRuns.Image(1, 3, new SamplingSettings(GuidanceScale: 2, GuidanceInterval: 7));
        using var sequential = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 2));
        var labels = CoarseRuns.Alone(sequential, image);
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 64), new FixedWindow(window), new KnownDrafts(labels));
        stage.Add(1, image);

        Assert.Equal(labels, Assert.Single(CoarseRuns.Drain(stage)).CoarseLabels);
        stage.Add(1, image);
        Assert.Equal(steps, Assert.Single(CoarseRuns.Drain(stage)).DecodeSteps);
    }

    [Fact]
    public void Step_WrongDrafts_CountsTheirRowsAsWasted()
    {
        var image = CoarseRuns.Image(1, 3, new SamplingSettings(GuidanceScale: 2, GuidanceInterval: 1));
        using var sequential = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 2));
        var labels = CoarseRuns.Alone(sequential, image);
        int[] wrong = [.. labels.Select(label => (label + 1) % CoarseRuns.Config.OutputVocabulary)];
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 64), new FixedWindow(4), new KnownDrafts(wrong));
        stage.Add(1, image);

        stage.Step();

        // Cells 0 to 2 are guided, cell 3 is not: 7 rows, of which those of cells 1 to 3 were computed from a wrong label.
        Assert.Equal(7, stage.LastStepRows);
        Assert.Equal((1, 4, 1, 5), (stage.LastStepWork.Images, stage.LastStepWork.Positions, stage.LastStepWork.Labels, stage.LastStepWork.WastedRows));
    }

    [Fact]
    public void Step_ImagesJoin_GiveUpWindowsForThem()
    {
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, 8), new FixedWindow(32));
        var images = CoarseRuns.Specifications(30).Where(image => image.Rows == 1).Take(8).ToList();
        stage.Add(0, images[0]);
        stage.Step();
        Assert.Equal((1, 8), (stage.LastStepWork.Images, stage.LastStepWork.Positions));
        for (var id = 1; id < 8; id++)
        {
            stage.Add(id, images[id]);
        }

        stage.Step();

        Assert.Equal((8, 8), (stage.LastStepWork.Images, stage.LastStepWork.Positions));
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _pool.Dispose();
    }

    private sealed class RandomDrafts(Random random) : ILabelDrafts
    {
        public int Draft(RunningImage image, int cell) => random.Next(CoarseRuns.Config.OutputVocabulary);

        public void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits)
        {
        }
    }

    private sealed class KnownDrafts(int[] labels) : ILabelDrafts
    {
        public int Draft(RunningImage image, int cell) => labels[cell];

        public void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits)
        {
        }
    }
}
