using CtfService.Core.Generation;
using CtfService.Model.Coarse;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Coarse;

public sealed class DeviceRowsTests : IDisposable
{
    private readonly DeviceRows _rows = new(CoarseRuns.Config, rows: 5, CPU);
    private readonly DisposeScope _scope = NewDisposeScope();

    /// <summary>The seam between device and host: labels cross it in <see cref="DeviceRows.Fetch"/> only.</summary>
    [Fact]
    public void Advance_ManySteps_HostSeesNoLabelBeforeFetch()
    {
        var (first, second) = (Occupy(1, slot: 3, new SamplingSettings()), Occupy(2, slot: 1, new SamplingSettings()));
        for (var step = 0; step < CoarseRuns.Config.Positions; step++)
        {
            _rows.Advance(tensor(new long[] { 0, 2, 0, step % 7, 0 }));
        }

        Assert.All(first.CoarseLabels.Concat(second.CoarseLabels), label => Assert.Equal(0, label));
        _rows.Fetch([first, second]);
        Assert.Equal(Enumerable.Range(0, CoarseRuns.Config.Positions).Select(step => step % 7), first.CoarseLabels);
        Assert.All(second.CoarseLabels, label => Assert.Equal(2, label));
    }

    [Fact]
    public void Sample_GuidedImage_GivesItsNullClassRowTheSameLabelUntilItIsVacated()
    {
        var logits = zeros(5, CoarseRuns.Config.OutputVocabulary);
        logits[2, 4] = 1; // conditional: 4 is best
        logits[2, 6] = 0.9f;
        logits[0, 4] = 0.8f; // what the null class likes as well, guidance takes away
        var image = Occupy(1, slot: 2, new SamplingSettings(Temperature: 0, GuidanceScale: 3, GuidanceInterval: 0), nullSlot: 0);

        var guided = Step(logits);
        Step(logits);
        var afterInterval = Step(logits);
        _rows.Vacate(image);

        Assert.Equal([6, 0, 6, 0, 0], guided);
        Assert.Equal([4, 0, 4, 0, 0], afterInterval);
        Assert.Equal([0, 0, 0, 0, 0], Step(logits));
        Assert.Equal([0, 0, 0, 0, 0], _rows.Positions.data<long>());
    }

    public void Dispose()
    {
        _scope.Dispose();
        _rows.Dispose();
    }

    private long[] Step(Tensor logits)
    {
        var labels = _rows.Sample(logits);
        _rows.Advance(labels);
        return labels.data<long>().ToArray();
    }

    private CoarseSequence Occupy(long id, int slot, SamplingSettings settings, int? nullSlot = null)
    {
        var sequence = new CoarseSequence(id, CoarseRuns.Image(classId: 1, seed: 3, settings), CoarseRuns.Config.Positions) { Slot = slot, NullSlot = nullSlot };
        _rows.Occupy(sequence);
        return sequence;
    }
}
