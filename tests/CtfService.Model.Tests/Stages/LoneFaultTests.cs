using CtfService.Core.Generation;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Engines;
using CtfService.Model.Memory;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>An image that fails alone in a coarse step: the others of the step get the labels that they get without it.</summary>
public sealed class LoneFaultTests : IDisposable
{
    private const int Rows = 8;

    private const int BadClass = 2;

    private const int BadPosition = 5;

    private readonly ClassConditionalTransformer _transformer = EngineModels.Random(CoarseRuns.Config);
    private readonly ComputeThreadPool _pool = new(2);
    private readonly ImageSpecification[] _sound =
        [.. CoarseRuns.Specifications(40).Where(image => image.ClassId != BadClass && !image.Coarse.IsGuided).Take(5)];

    [Theory]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.PositiveInfinity)]
    [InlineData(1, float.NegativeInfinity)]
    [InlineData(8, float.NaN)]
    [InlineData(8, float.NegativeInfinity)]
    public void Step_LogitOfOneImageIsNotFinite_FailsItAtItsPositionAndNoOther(int window, float value)
    {
        using var alone = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, Rows));
        var expected = _sound.Select(image => CoarseRuns.Alone(alone, image)).ToList();
        using var stage = new HostCoarseStage(new SpoiledEngine(EngineModels.Engine(_transformer, _pool, Rows), value), new FixedWindow(window));

        var (finished, failed) = Run(stage);

        Assert.Equal(BadPosition, PositionOf(Assert.Single(failed)));
        Assert.Equal(expected, finished.OrderBy(image => image.Id).Select(image => image.CoarseLabels));
        Assert.Equal(Rows, stage.FreeRows);
    }

    [Fact]
    public void Step_GuidedImageHasOneLogitThatIsNotFinite_FailsIt()
    {
        using var stage = new HostCoarseStage(new SpoiledEngine(EngineModels.Engine(_transformer, _pool, Rows), float.NaN));
        stage.Add(1, CoarseRuns.Image(BadClass, 1, new SamplingSettings(GuidanceScale: 2)));

        while (stage.Failed.Count == 0 && stage.Count > 0)
        {
            stage.Step();
        }

        Assert.Equal(BadPosition, PositionOf(Assert.Single(stage.Failed)));
        Assert.Equal(Rows, stage.FreeRows);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Step_DraftsOfOneImageThrow_FailsItAndNoOther(bool inDraft)
    {
        using var alone = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, Rows));
        var expected = _sound.Select(image => CoarseRuns.Alone(alone, image)).ToList();
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, Rows), new FixedWindow(3), new ThrowingDrafts(inDraft));

        var (finished, failed) = Run(stage);

        Assert.IsType<TimeoutException>(Assert.Single(failed).Fault);
        Assert.Equal(expected, finished.OrderBy(image => image.Id).Select(image => image.CoarseLabels));
    }

    [Fact]
    public void Step_OnlyImageThrowsBeforeTheStep_FailsItWithoutAStep()
    {
        using var stage = new HostCoarseStage(EngineModels.Engine(_transformer, _pool, Rows), new FixedWindow(3), new ThrowingDrafts(InDraft: true));
        stage.Add(1, CoarseRuns.Image(BadClass, 1, new SamplingSettings()));

        Assert.Empty(stage.Step());

        Assert.Single(stage.Failed);
        Assert.Equal((0, Rows), (stage.Count, stage.FreeRows));
    }

    [Theory]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.PositiveInfinity)]
    [InlineData(8, float.NaN)]
    public void Step_LibtorchLogitIsNotFinite_FailsTheImageWhenItsLabelsAreRead(int window, float value)
    {
        using var stage = new TorchCoarseStage(_transformer, new DeviceMemory(CPU), Rows, window);
        var expected = _sound.Select(image => CoarseRuns.Alone(stage, image)).ToList();
        var steps = 0;
        var head = (nn.Module<Tensor, Tensor>)_transformer.named_children().Single(child => child.name == "output").module;
        head.register_forward_pre_hook((_, hidden) => // the bad image is added first, to the first slot
        {
            if (steps++ == (window == 1 ? BadPosition : 0))
            {
                hidden.select(0, 0).fill_(value);
            }

            return hidden;
        });

        var (finished, failed) = Run(stage);

        Assert.Equal(window == 1 ? BadPosition : 0, PositionOf(Assert.Single(failed)));
        Assert.Equal(expected, finished.OrderBy(image => image.Id).Select(image => image.CoarseLabels));
        Assert.Equal(Rows, stage.FreeRows);
        steps = int.MinValue / 2;
        Assert.Equal(expected[0], CoarseRuns.Alone(stage, _sound[0])); // in the slot of the bad image
    }

    public void Dispose()
    {
        _pool.Dispose();
        _transformer.Dispose();
    }

    /// <summary>Runs the bad image and then the sound ones together.</summary>
    private (List<RunningImage> Finished, List<RunningImage> Failed) Run(ICoarseStage stage)
    {
        var (finished, failed) = (new List<RunningImage>(), new List<RunningImage>());
        stage.Add(-1, CoarseRuns.Image(BadClass, 1, new SamplingSettings()));
        for (var id = 0; id < _sound.Length; id++)
        {
            stage.Add(id, _sound[id]);
        }

        while (stage.Count > 0)
        {
            finished.AddRange(stage.Step());
            failed.AddRange(stage.Failed);
        }

        return (finished, failed);
    }

    private static int PositionOf(RunningImage image)
    {
        var message = Assert.IsType<NotFiniteException>(image.Fault).Message;
        return int.Parse(message.Split("at position ")[1].Split(';')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Replaces a logit of the bad class at one position.</summary>
    private sealed class SpoiledEngine(IDecodeEngine engine, float value) : IDecodeEngine
    {
        private readonly bool[] _isBad = new bool[engine.Capacity];

        public TransformerConfig Config => engine.Config;

        public int Capacity => engine.Capacity;

        public void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
        {
            engine.DecodeStep(rows, logits);
            for (var i = 0; i < rows.Length; i++)
            {
                _isBad[rows[i].Slot] = rows[i].Position == 0 ? rows[i].Input == BadClass : _isBad[rows[i].Slot];
                if (_isBad[rows[i].Slot] && rows[i].Position == BadPosition)
                {
                    logits[(i * Config.OutputVocabulary) + 3] = value;
                }
            }
        }

        public void Dispose() => engine.Dispose();
    }

    private sealed record ThrowingDrafts(bool InDraft) : ILabelDrafts
    {
        public int Draft(RunningImage image, int cell) => InDraft && image.Specification.ClassId == BadClass ? throw new TimeoutException() : 0;

        public void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits)
        {
            if (!InDraft && image.Specification.ClassId == BadClass)
            {
                throw new TimeoutException();
            }
        }
    }
}
