using CtfService.Core.Generation;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>Runs the stage on the CPU; it behaves the same on every device.</summary>
public sealed class TorchCoarseStageTests : IDisposable
{
    private const int Rows = 8;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);

    /// <summary>
    /// Logits differ in rounding, so a uniform number near a step of the cumulative distribution could fall on either side. In these fixed runs none does.
    /// </summary>
    [Fact]
    public void Step_ManySettings_GivesTheLabelsOfTheHostStage()
    {
        using var pool = new ComputeThreadPool(2);
        using var stage = Stage();
        using var host = new HostCoarseStage(EngineModels.Engine(_transformer, pool, Rows));

        foreach (var image in CoarseRuns.Specifications(24))
        {
            Assert.Equal(CoarseRuns.Alone(host, image), CoarseRuns.Alone(stage, image));
        }
    }

    [Fact]
    public void Step_Batch_GivesTheLabelsOfTheReference()
    {
        using var scope = NewDisposeScope();
        using var stage = Stage();
        var batch = CoarseRuns.Specifications(60).Where(image => image.Coarse.IsGuided).Take(Rows / 2).ToArray();
        for (var id = 0; id < batch.Length; id++)
        {
            stage.Add(id, batch[id]);
        }

        var finished = CoarseRuns.Drain(stage);

        Assert.Equal(batch.Select(image => ReferenceDecoder.DrawLayout(_transformer, image)), finished.Select(sequence => sequence.CoarseLabels));
    }

    [Fact]
    public void Step_RandomMixesOfArrivalsAndRemovals_GiveTheLabelsThatEachGivesAlone()
    {
        using var stage = Stage();
        var specifications = CoarseRuns.Specifications(30);
        var alone = specifications.Select(image => CoarseRuns.Alone(stage, image)).ToList();

        for (var mix = 0; mix < 40; mix++)
        {
            foreach (var (place, labels) in CoarseRuns.Mix(stage, specifications, new Random(mix)))
            {
                Assert.True(alone[place].SequenceEqual(labels), $"Mix {mix}: image {place} has other labels than alone.");
            }

            Assert.Equal(Rows, stage.FreeRows);
        }
    }

    [Fact]
    public void Remove_RunningImage_FreesItsRowsForOthers()
    {
        using var stage = Stage();
        var guided = CoarseRuns.Image(1, 3, new SamplingSettings(TopK: 5, GuidanceScale: 3));
        var plain = CoarseRuns.Image(2, 4, new SamplingSettings());
        var (expectedGuided, expectedPlain) = (CoarseRuns.Alone(stage, guided), CoarseRuns.Alone(stage, plain));
        stage.Add(7, guided);
        stage.Add(8, guided with { Seed = 9 });
        stage.Step();
        stage.Step();

        Assert.True(stage.Remove(7));
        Assert.False(stage.Remove(7));
        Assert.True(stage.Remove(8));
        Assert.Equal((Rows, 0), (stage.FreeRows, stage.Count));
        stage.Add(9, plain);
        stage.Add(10, guided);
        Assert.Equal(Rows - 3, stage.FreeRows);

        Assert.Equal([expectedPlain, expectedGuided], CoarseRuns.Drain(stage).Select(sequence => sequence.CoarseLabels));
        Assert.Equal((Rows, 0), (stage.FreeRows, stage.Count));
    }

    [Fact]
    public void Step_GuidanceInterval_GuidesOnlyTheFirstPositions()
    {
        using var stage = Stage();
        var settings = new SamplingSettings(GuidanceScale: 6);

        var always = CoarseRuns.Alone(stage, CoarseRuns.Image(1, 3, settings));
        var whole = CoarseRuns.Alone(stage, CoarseRuns.Image(1, 3, settings with { GuidanceInterval = CoarseRuns.Config.Positions }));
        var first = CoarseRuns.Alone(stage, CoarseRuns.Image(1, 3, settings with { GuidanceInterval = 1 }));

        Assert.Equal(always, whole);
        Assert.Equal(always.Take(3), first.Take(3));
        Assert.NotEqual(always, first);
    }

    [Fact]
    public void Step_ImagesComeAndGo_LeavesNoTensorBehind()
    {
        using var stage = Stage();
        var specifications = CoarseRuns.Specifications(12);
        CoarseRuns.Mix(stage, specifications, new Random(1));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        stage.Add(50, specifications[0]);

        for (var step = 0; step < CoarseRuns.Config.Positions; step++)
        {
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            stage.Step();
        }

        CoarseRuns.Mix(stage, specifications, new Random(2));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Dispose_Stage_FreesItsTensors()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Stage().Dispose();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => _transformer.Dispose();

    private TorchCoarseStage Stage() => new(_transformer, new DeviceMemory(CPU), Rows);
}
