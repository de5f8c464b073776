using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Tests.Stages.Windows;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Stages;

public sealed class TableDraftsTests : IDisposable
{
    private const int Rows = 40;
    private static readonly TransformerConfig Config = CoarseRuns.Config;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(Config);
    private readonly ComputeThreadPool _pool = new(2);

    /// <summary>Class 0 has no usual labels, so the mixes have both kinds of drafts.</summary>
    [Fact]
    public void Step_RandomWindowsAndArrivals_DrawsTheLabelsOfOneAtATimeAlone()
    {
        ImageSpecification[] images =
        [
            .. CoarseRuns.Specifications(40),
            .. CoarseRuns.Specifications(40).Select(image => image with { Method = SamplingMethod.InverseCdf }),
        ];
        using var sequential = Stage(2);
        var alone = images.Select(image => CoarseRuns.Alone(sequential, image)).ToList();
        var usual = Usual(images, alone);
        Assert.Equal([false, true, true], Enumerable.Range(0, Config.ClassCount).Select(usual.Covers));
        foreach (var random in Enumerable.Range(0, 100).Select(mix => new Random(mix)))
        {
            var rows = random.Next(2, Rows);
            using var stage = Stage(rows, new RandomWindows(random), Drafts(usual, rows));

            Assert.All(CoarseRuns.Mix(stage, images, random), finished => Assert.Equal(alone[finished.Place], finished.Labels));
        }
    }

    /// <summary>A table of one image drafts that image, by each method and greedily.</summary>
    [Theory]
    [InlineData(SamplingMethod.GumbelMax, 1)]
    [InlineData(SamplingMethod.InverseCdf, 1)]
    [InlineData(SamplingMethod.GumbelMax, 0)]
    public void Step_UsualLabelsOfTheImage_AreAllRight(SamplingMethod method, float temperature)
    {
        var image = CoarseRuns.Image(1, 3, new SamplingSettings(temperature)) with { Method = method };
        using var sequential = Stage(2);
        var labels = CoarseRuns.Alone(sequential, image);
        using var stage = Stage(Rows, new FixedWindow(15), Drafts(Usual([image], [labels]), Rows));
        stage.Add(1, image);

        var drawn = Assert.Single(CoarseRuns.Drain(stage));

        Assert.Equal(labels, drawn.CoarseLabels);
        Assert.Equal(3, drawn.DecodeSteps); // of 45 labels
    }

    /// <summary>Drafts have the distribution of the table, so that they are as often right as they can be.</summary>
    [Theory]
    [InlineData(SamplingMethod.GumbelMax)]
    [InlineData(SamplingMethod.InverseCdf)]
    public void Draft_ManySeeds_HasTheFrequenciesOfTheTable(SamplingMethod method)
    {
        const int Draws = 4000;
        var counts = new LabelCounts(Config.ClassCount, Config.Positions, Config.OutputVocabulary);
        foreach (var label in new[] { 4, 9, 9, 20 })
        {
            counts.Add(1, [.. Enumerable.Repeat(label, Config.Positions)]);
        }

        var drafts = Drafts(counts.MostUsual(), Rows);

        var drawn = Enumerable.Range(0, Draws)
            .Select(seed => new RunningImage(seed, CoarseRuns.Image(1, (ulong)seed, new SamplingSettings()) with { Method = method }, Config.Positions))
            .CountBy(image => drafts.Draft(image, cell: 7)).ToDictionary();

        Assert.Equal([4, 9, 20], drawn.Keys.Order());
        Assert.All(drawn, label => Assert.InRange(label.Value / (double)Draws, label.Key == 9 ? 0.46 : 0.22, label.Key == 9 ? 0.54 : 0.28));
    }

    public void Dispose()
    {
        _transformer.Dispose();
        _pool.Dispose();
    }

    private static UsualLabels Usual(IEnumerable<ImageSpecification> images, IEnumerable<int[]> labels)
    {
        var counts = new LabelCounts(Config.ClassCount, Config.Positions, Config.OutputVocabulary);
        foreach (var (image, drawn) in images.Zip(labels).Where(image => image.First.ClassId > 0))
        {
            counts.Add(image.ClassId, drawn);
        }

        return counts.MostUsual();
    }

    private static TableDrafts Drafts(UsualLabels usual, int rows) => new(usual, new NeighbourDrafts(Config.GridWidth, Config.OutputVocabulary, rows));

    private HostCoarseStage Stage(int rows, IWindowPolicy? windows = null, ILabelDrafts? drafts = null) =>
        new(EngineModels.Engine(_transformer, _pool, rows), windows, drafts);
}
