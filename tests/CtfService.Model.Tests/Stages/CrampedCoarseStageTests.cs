using CtfService.Core.Generation;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>The coarse stage on a device without enough memory for steps of many rows, for keys and values, or for copies.</summary>
public sealed class CrampedCoarseStageTests : IDisposable
{
    private const int Rows = 8;

    private static readonly int Steps = CoarseRuns.Config.Positions;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly FailingDevice _device = new();
    private readonly ImageSpecification[] _images = CoarseRuns.Specifications(6);
    private readonly List<int[]> _alone;
    private int _room = int.MaxValue; // the largest number of rows in a step that fits the device

    public CrampedCoarseStageTests()
    {
        using (var stage = Stage())
        {
            _alone = [.. _images.Select(image => CoarseRuns.Alone(stage, image))];
        }

        var head = (nn.Module<Tensor, Tensor>)_transformer.named_children().Single(child => child.name == "output").module;
        head.register_forward_pre_hook((_, hidden) => hidden.shape[0] <= _room ? hidden : throw FailingDevice.OutOfMemory());
    }

    [Fact]
    public void Step_FreeRowsDoNotFit_ReleasesThemAndContinuesWithTheSameLabels()
    {
        using var stage = Stage();
        Add(stage, 0, 1);
        Step(stage, Steps / 2);
        var taken = Rows - stage.FreeRows;
        _room = taken;

        var finished = CoarseRuns.Drain(stage);

        AssertAsAlone(finished, count: 2);
        Assert.Equal((taken, taken), (stage.Rows, stage.FreeRows));
    }

    [Fact]
    public void Step_AllRowsAreUsedAndDoNotFit_ThrowsUntilImagesAreRemoved()
    {
        using var stage = Stage();
        var ids = Fill(stage);
        Step(stage, 3);
        _room = Rows / 2;

        Assert.ThrowsAny<Exception>(() => stage.Step());
        Assert.ThrowsAny<Exception>(() => stage.Step());
        foreach (var id in ids.Skip(1))
        {
            Assert.True(stage.Remove(id));
        }

        AssertAsAlone(CoarseRuns.Drain(stage), count: 1);
        Assert.InRange(stage.Rows, 2, Rows / 2);
        _room = int.MaxValue;
        foreach (var id in ids.Skip(1))
        {
            stage.Add(id, _images[id]); // the worker restarts images in this way
            AssertAsAlone(CoarseRuns.Drain(stage), count: 1);
        }
    }

    [Fact]
    public void Step_DeviceHasRoomAgain_RestoresTheRowsInSteps()
    {
        using var stage = Stage();
        stage.Add(0, _images[0]);
        _room = 2;
        stage.Step();
        Assert.Equal(2, stage.Rows);

        _room = 4; // room for some rows again
        Repeat(stage, Steps);
        Assert.Equal(4, stage.Rows);
        Repeat(stage, 3 * Steps);
        Assert.Equal(4, stage.Rows);

        _room = int.MaxValue;
        Repeat(stage, 2 * Steps);
        Assert.Equal((Rows, Rows), (stage.Rows, stage.Rows));
    }

    /// <summary>Restored rows are free only after a successful step with them.</summary>
    [Fact]
    public void Step_RestoredRowsDoNotFit_AffectsNoImage()
    {
        using var stage = Stage();
        _room = 4;
        Add(stage, 0, 1);
        for (var id = 2; id < 60; id++)
        {
            AssertAsAlone([.. stage.Step()]);
            if (_images[id % _images.Length].Rows <= stage.FreeRows)
            {
                stage.Add(id, _images[id % _images.Length]);
            }
        }

        AssertAsAlone(CoarseRuns.Drain(stage));
        Assert.Equal(4, stage.Rows);
    }

    [Fact]
    public void Step_NoMemoryToCopyTheRemainingRows_StillComputesFewerRows()
    {
        using var stage = Stage();
        Add(stage, 0, 1);
        Step(stage, 2);
        (_room, _device.Allocations) = (4, 1);

        AssertAsAlone(CoarseRuns.Drain(stage), count: 2);

        Assert.Equal(4, stage.Rows);
        (_room, _device.Allocations) = (int.MaxValue, 0); // too little memory to restore them
        stage.Add(2, _images[2]);
        AssertAsAlone(CoarseRuns.Drain(stage), count: 1);
        Assert.Equal(4, stage.Rows);
        _device.Allocations = int.MaxValue;
        Repeat(stage, 2 * Steps);
        Assert.Equal(Rows, stage.Rows);
        var ids = Fill(stage);
        AssertAsAlone(CoarseRuns.Drain(stage), ids.Count);
    }

    [Fact]
    public void Step_RowsAreReleased_FreesTheirKeysAndValues()
    {
        using var scope = NewDisposeScope();
        using var cache = new KvCache(CoarseRuns.Config, Rows, float32, _device);
        var step = ones(Rows, CoarseRuns.Config.Heads, 1, CoarseRuns.Config.HeadWidth);
        cache.Begin(zeros(Rows, int64));
        Assert.Equal(Rows, cache.Append(layer: 0, step, step).Keys.storage<float>().Count / RowFloats());

        cache.Shrink(2);

        cache.Begin(zeros(2, int64));
        Assert.Equal(2, cache.Append(layer: 0, step.narrow(0, 0, 2), step.narrow(0, 0, 2)).Keys.storage<float>().Count / RowFloats());
    }

    /// <summary>If the labels of finished images cannot be copied, nothing is lost and no row has advanced.</summary>
    [Fact]
    public void Step_LastLabelsCannotBeCopied_RetriesAndLosesNothing()
    {
        using var stage = Stage();
        var ids = Fill(stage);
        Step(stage, Steps - 1);
        _device.Downloads = 0;

        for (var attempt = 0; attempt < 2 * Steps; attempt++)
        {
            Assert.ThrowsAny<Exception>(() => stage.Step());
        }

        Assert.Equal((ids.Count, 0), (stage.Count, stage.FreeRows));
        _device.Downloads = int.MaxValue;
        AssertAsAlone([.. stage.Step()], ids.Count);
        Assert.Equal((0, Rows), (stage.Count, stage.FreeRows));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Step_StateCannotBeUploaded_FailsAndSucceedsLater(int uploads)
    {
        using var stage = Stage();
        var ids = Fill(stage);
        _device.Uploads = uploads;

        Assert.ThrowsAny<Exception>(() => stage.Step());

        _device.Uploads = int.MaxValue;
        AssertAsAlone(CoarseRuns.Drain(stage), ids.Count);
    }

    [Fact]
    public void Step_FailsAtAnyCall_ImagesCanBeRemovedAndOthersServed()
    {
        using var stage = Stage();
        foreach (var fail in (Action[])[() => _device.Uploads = 0, () => _room = 0, () => _device.Downloads = 0])
        {
            var ids = Fill(stage);
            Step(stage, Steps - 1);
            stage.Remove(ids[0]);
            fail();
            Assert.ThrowsAny<Exception>(() => stage.Step());
            Assert.All(ids.Skip(1), id => Assert.True(stage.Remove(id)));
            Assert.Equal(0, stage.Count);
            (_device.Uploads, _device.Downloads, _room) = (int.MaxValue, int.MaxValue, int.MaxValue);
            Repeat(stage, 4 * Steps);
            Assert.Equal(Rows, stage.FreeRows);
        }
    }

    [Fact]
    public void Step_ManyFailuresAndSizes_LeavesNoTensorBehind()
    {
        using var stage = Stage();
        Repeat(stage, Steps);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        foreach (var room in (int[])[2, 8, 3, 8])
        {
            _room = room;
            Repeat(stage, 4 * Steps);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void Constructor_RunsOutOfMemory_FreesItsTensors(int allocations)
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _device.Allocations = allocations;

        Assert.ThrowsAny<Exception>(Stage);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => _transformer.Dispose();

    private static long RowFloats() => (long)CoarseRuns.Config.Heads * (1 + CoarseRuns.Config.Positions) * CoarseRuns.Config.HeadWidth;

    private TorchCoarseStage Stage() => new(_transformer, _device, Rows);

    private void Add(TorchCoarseStage stage, params int[] places) => Array.ForEach(places, place => stage.Add(place, _images[place]));

    /// <summary>Adds images until no row is free.</summary>
    private List<int> Fill(TorchCoarseStage stage)
    {
        var ids = new List<int>();
        for (var id = 0; stage.FreeRows > 0; id++)
        {
            if (_images[id % _images.Length].Rows <= stage.FreeRows)
            {
                stage.Add(id, _images[id % _images.Length]);
                ids.Add(id);
            }
        }

        return ids;
    }

    private static void Step(TorchCoarseStage stage, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Assert.Empty(stage.Step());
        }
    }

    /// <summary>Runs steps with one image at a time.</summary>
    private void Repeat(TorchCoarseStage stage, int steps)
    {
        for (var step = 0; step < steps || stage.Count > 0; step++)
        {
            if (stage.Count == 0)
            {
                stage.Add(0, _images[0]);
            }

            AssertAsAlone([.. stage.Step()]);
        }
    }

    private void AssertAsAlone(List<RunningImage> finished, int? count = null)
    {
        Assert.All(finished, sequence => Assert.Equal(_alone[(int)sequence.Id % _images.Length], sequence.CoarseLabels));
        Assert.Equal(count ?? finished.Count, finished.Count);
    }
}
