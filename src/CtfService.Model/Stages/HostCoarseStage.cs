using CtfService.Core.Generation;
using CtfService.Model.Engines;
using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>Stage 1 where logits are in host memory anyway: steps of the rows that are needed, sampled by the host. A step allocates nothing unless an image finishes.</summary>
internal sealed class HostCoarseStage : ICoarseStage
{
    private readonly IDecodeEngine _engine;
    private readonly HostSampler _sampler;
    private readonly RunningSequences _sequences;
    private readonly DecodeRow[] _rows;
    private readonly float[] _logits; // [rows, V]

    /// <param name="engine">Disposed with the stage; the caller's if this throws.</param>
    public HostCoarseStage(IDecodeEngine engine)
    {
        _engine = engine;
        _sampler = new HostSampler(engine.Config.OutputVocabulary);
        _sequences = new RunningSequences(engine.Capacity, engine.Config.Positions);
        _rows = new DecodeRow[engine.Capacity];
        _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    }

    public int Rows => _sequences.Slots;

    public int FreeRows => _sequences.FreeSlots;

    public int Count => _sequences.All.Count;

    /// <inheritdoc/>
    public CoarseSequence Add(long id, ImageSpecification image) => _sequences.Add(id, image);

    /// <inheritdoc/>
    public bool Remove(long id) => _sequences.Remove(id);

    /// <inheritdoc/>
    public IReadOnlyList<CoarseSequence> Step()
    {
        var count = LayOutRows();
        _engine.DecodeStep(_rows.AsSpan(0, count), _logits.AsSpan(0, count * _engine.Config.OutputVocabulary));
        var row = 0;
        foreach (var sequence in _sequences.All)
        {
            Draw(sequence, ref row);
        }

        var finished = _sequences.Advance();
        foreach (var sequence in finished)
        {
            sequence.MarkCoarseDone();
        }

        return finished;
    }

    /// <summary>Nothing to do: labels are drawn where they are kept.</summary>
    public void Fetch(IReadOnlyList<CoarseSequence> running)
    {
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>The conditional row of each image, then its null-class row while guidance lasts.</summary>
    private int LayOutRows()
    {
        var count = 0;
        foreach (var sequence in _sequences.All)
        {
            var label = sequence.Position == 0 ? 0 : sequence.CoarseLabels[sequence.Position - 1];
            _rows[count++] = new DecodeRow(sequence.Slot, sequence.Position, sequence.Position == 0 ? sequence.Specification.ClassId : label);
            if (IsGuidedNow(sequence))
            {
                _rows[count++] = new DecodeRow(sequence.NullSlot!.Value, sequence.Position, sequence.Position == 0 ? _engine.Config.NullClass : label);
            }
        }

        return count;
    }

    private void Draw(CoarseSequence sequence, ref int row)
    {
        var settings = sequence.Specification.Coarse;
        var logits = Logits(row++);
        if (IsGuidedNow(sequence))
        {
            HostSampler.Guide(logits, Logits(row++), settings.GuidanceScale);
        }

        var uniform = CounterRandom.Uniform(sequence.Specification.Seed, SamplingStage.Coarse, sequence.Position);
        sequence.CoarseLabels[sequence.Position] = _sampler.Sample(logits, settings, uniform);
    }

    private static bool IsGuidedNow(CoarseSequence sequence) => sequence.NullSlot is not null && sequence.Position <= sequence.Specification.Coarse.LastGuidedPosition;

    private Span<float> Logits(int row) => _logits.AsSpan(row * _engine.Config.OutputVocabulary, _engine.Config.OutputVocabulary);
}
