using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;

namespace CtfService.Model.Coarse;

/// <summary>
/// Stage 1 as it serves: images join and leave at any step, each at its own position. An image takes one slot of the engine, with guidance two, which stay
/// together. Device thread only; a step allocates nothing unless an image finishes.
/// </summary>
internal sealed class CoarseStage : IDisposable
{
    private readonly IDecodeEngine _engine;
    private readonly HostSampler _sampler;
    private readonly Stack<int> _freeSlots;
    private readonly List<CoarseSequence> _running = [];
    private readonly List<CoarseSequence> _finished = [];
    private readonly DecodeRow[] _rows;
    private readonly float[] _logits; // [rows, V]

    public CoarseStage(IDecodeEngine engine)
    {
        _engine = engine;
        _sampler = new HostSampler(engine.Config.OutputVocabulary);
        _freeSlots = new Stack<int>(Enumerable.Range(0, engine.Capacity).Reverse());
        _rows = new DecodeRow[engine.Capacity];
        _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    }

    public int FreeRows => _freeSlots.Count;

    public int Count => _running.Count;

    public void Add(long id, ImageSpecification image) => _running.Add(new CoarseSequence(id, image, _engine.Config.Positions)
    {
        Slot = _freeSlots.Pop(),
        NullSlot = image.Coarse.IsGuided ? _freeSlots.Pop() : null,
    });

    /// <summary>Frees the image's slots; they need no clearing.</summary>
    public bool Remove(long id)
    {
        var place = _running.FindIndex(sequence => sequence.Id == id);
        if (place >= 0)
        {
            Release(_running[place]);
            _running.RemoveAt(place);
        }

        return place >= 0;
    }

    /// <summary>Draws one label of every image and returns those that have all of theirs; the list is used again by the next step.</summary>
    public IReadOnlyList<CoarseSequence> Step()
    {
        var count = LayOutRows();
        _engine.DecodeStep(_rows.AsSpan(0, count), _logits.AsSpan(0, count * _engine.Config.OutputVocabulary));
        _finished.Clear();
        var row = 0;
        foreach (var sequence in _running)
        {
            Draw(sequence, ref row);
        }

        if (_finished.Count > 0)
        {
            _running.RemoveAll(_finished.Contains);
        }

        return _finished;
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>The conditional row of each image, then its null-class row while guidance lasts.</summary>
    private int LayOutRows()
    {
        var count = 0;
        foreach (var sequence in _running)
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
        sequence.Position++;
        if (sequence.Position == sequence.CoarseLabels.Length)
        {
            sequence.MarkCoarseDone();
            Release(sequence);
            _finished.Add(sequence);
        }
    }

    private static bool IsGuidedNow(CoarseSequence sequence) => sequence.NullSlot is not null && sequence.Position <= sequence.Specification.Coarse.LastGuidedPosition;

    private Span<float> Logits(int row) => _logits.AsSpan(row * _engine.Config.OutputVocabulary, _engine.Config.OutputVocabulary);

    private void Release(CoarseSequence sequence)
    {
        _freeSlots.Push(sequence.Slot);
        if (sequence.NullSlot is { } slot)
        {
            _freeSlots.Push(slot);
        }
    }
}
