using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.Stages;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

public sealed class DeviceRowsTests : IDisposable
{
    private readonly FailingDevice _device = new();
    private readonly DeviceRows _rows;
    private readonly DisposeScope _scope = NewDisposeScope();

    public DeviceRowsTests() => _rows = new DeviceRows(CoarseRuns.Config, capacity: 5, _device);

    /// <summary>Labels reach the host in <see cref="DeviceRows.Fetch"/> only.</summary>
    [Fact]
    public void Advance_ManySteps_HostSeesNoLabelBeforeFetch()
    {
        var (first, second) = (Sequence(slot: 3), Sequence(slot: 1));
        _rows.Sync([first, second]);
        for (var step = 0; step < CoarseRuns.Config.Positions; step++)
        {
            Advance(tensor(new long[] { 0, 2, 0, step % 7, 0 }));
        }

        Assert.All(first.CoarseLabels.Concat(second.CoarseLabels), label => Assert.Equal(0, label));
        _rows.Fetch([first, second]);
        Assert.Equal(Enumerable.Range(0, CoarseRuns.Config.Positions).Select(step => step % 7), first.CoarseLabels);
        Assert.All(second.CoarseLabels, label => Assert.Equal(2, label));
    }

    [Fact]
    public void Sample_GuidedImage_GivesItsNullClassRowTheSameLabel()
    {
        var logits = zeros(5, CoarseRuns.Config.OutputVocabulary);
        logits[2, 4] = 1; // conditional: 4 has the highest logit
        logits[2, 6] = 0.9f;
        logits[0, 4] = 0.8f; // the null class scores 4 high as well, so guidance lowers it
        _rows.Sync([Sequence(slot: 2, new SamplingSettings(Temperature: 0, GuidanceScale: 3, GuidanceInterval: 0), nullSlot: 0)]);

        var guided = Step(logits);
        Step(logits);
        var afterInterval = Step(logits);
        _rows.Sync([]);

        Assert.Equal([6, 0, 6, 0, 0], guided);
        Assert.Equal([4, 0, 4, 0, 0], afterInterval);
        Assert.Equal([0, 0, 0, 0, 0], Step(logits));
        Assert.Equal([0, 0, 0, 0, 0], Positions());
    }

    /// <summary>Rows of both methods, with and without guidance and filters.</summary>
    [Fact]
    public void Sample_RowsOfBothMethods_DrawTheLabelsOfTheHost()
    {
        var (vocabulary, random) = (CoarseRuns.Config.OutputVocabulary, new Random(8));
        RunningImage[] images =
        [
            Sequence(slot: 0, new SamplingSettings(Temperature: 0.9f, TopK: 5)),
            Sequence(slot: 2, new SamplingSettings(GuidanceScale: 2.5f), nullSlot: 1),
            Sequence(slot: 3, new SamplingSettings(Temperature: 1.3f, TopP: 0.8f), method: SamplingMethod.InverseCdf),
            Sequence(slot: 4, new SamplingSettings(TopP: 0.7f)),
        ];
        _rows.Sync(images);
        var sampler = new HostSampler(vocabulary);

        for (var position = 0; position < CoarseRuns.Config.Positions; position++)
        {
            var logits = Enumerable.Range(0, 5).Select(_ => Enumerable.Range(0, vocabulary).Select(_ => 4 * random.NextSingle()).ToArray()).ToArray();

            var drawn = Step(tensor(logits.SelectMany(row => row).ToArray(), [5, vocabulary]));

            HostSampler.Guide(logits[2], logits[1], 2.5f);
            Assert.All(images, image =>
            {
                var draw = new LabelDraw(image.Specification.Method, image.LabelSeed, SamplingStage.Coarse, position);
                Assert.Equal(sampler.Sample(logits[image.Slot], image.Specification.Coarse, draw), drawn[image.Slot]);
            });
        }
    }

    /// <summary>If a step fails after some rows have advanced, the host's state is the valid one.</summary>
    [Fact]
    public void Sync_RowsAdvancedWithoutTheHost_ResetsThem()
    {
        var image = Sequence(slot: 4);
        _rows.Sync([image]);
        Assert.Equal(image.Specification.ClassId, Inputs()[4]);
        Advance(tensor(new long[] { 0, 0, 0, 0, 7 }));
        image.CachedPositions = 1;
        image.Advance();
        Advance(tensor(new long[] { 0, 0, 0, 0, 8 }));

        _rows.Sync([image]);

        Assert.Equal([0, 0, 0, 0, 1], Positions());
        Assert.Equal([0, 0, 0, 0, 7], Inputs());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Sync_UploadFails_StaysStaleAndSucceedsWhenRepeated(int uploads)
    {
        var image = Sequence(slot: 1);
        _device.Uploads = uploads;

        Assert.ThrowsAny<Exception>(() => _rows.Sync([image]));

        Assert.True(_rows.IsStale);
        _device.Uploads = int.MaxValue;
        _rows.Sync([image]);
        Assert.False(_rows.IsStale);
        Assert.Equal(image.Specification.ClassId, Inputs()[1]);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _rows.Dispose();
    }

    private long[] Step(Tensor logits)
    {
        var labels = _rows.Sample(_rows.NextWindow(), logits.unsqueeze(1)).squeeze(1);
        Advance(labels);
        return labels.data<long>().ToArray();
    }

    private void Advance(Tensor labels)
    {
        var window = _rows.NextWindow();
        _rows.Keep(window, labels.unsqueeze(1));
        _rows.Advance(_rows.CountFinal(window, labels.unsqueeze(1)));
    }

    private long[] Positions() => _rows.NextWindow().Positions.data<long>().ToArray();

    private long[] Inputs() => _rows.NextWindow().Inputs.data<long>().ToArray();

    private static RunningImage Sequence(
        int slot, SamplingSettings? settings = null, int? nullSlot = null, SamplingMethod method = SamplingMethod.GumbelMax)
    {
        var specification = CoarseRuns.Image(classId: 1, seed: (ulong)slot << 33, settings ?? new SamplingSettings()) with { Method = method };
        return new RunningImage(slot, specification, CoarseRuns.Config.Positions) { Slot = slot, NullSlot = nullSlot };
    }
}
