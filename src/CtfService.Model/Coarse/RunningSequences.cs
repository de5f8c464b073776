using CtfService.Core.Generation;

namespace CtfService.Model.Coarse;

/// <summary>The images that a coarse stage works on, and which of its slots they have. Allocates only where images come and go.</summary>
/// <param name="slots">A conditional row takes one, a null-class row another.</param>
/// <param name="positions">T.</param>
internal sealed class RunningSequences(int slots, int positions)
{
    private readonly Stack<int> _freeSlots = new(Enumerable.Range(0, slots).Reverse());
    private readonly List<CoarseSequence> _finished = [];

    /// <summary>In the order of their arrival.</summary>
    public List<CoarseSequence> All { get; } = [];

    public int FreeSlots => _freeSlots.Count;

    public CoarseSequence Add(long id, ImageSpecification image)
    {
        var sequence = new CoarseSequence(id, image, positions)
        {
            Slot = _freeSlots.Pop(),
            NullSlot = image.Coarse.IsGuided ? _freeSlots.Pop() : null,
        };
        All.Add(sequence);
        return sequence;
    }

    /// <summary>Frees the image's slots; null where it is not here.</summary>
    public CoarseSequence? Remove(long id)
    {
        var place = All.FindIndex(sequence => sequence.Id == id);
        if (place < 0)
        {
            return null;
        }

        var removed = All[place];
        Release(removed);
        All.RemoveAt(place);
        return removed;
    }

    /// <summary>Every image has one label more. Those that have all leave; the list is used again by the next call.</summary>
    public List<CoarseSequence> Advance()
    {
        _finished.Clear();
        foreach (var sequence in All)
        {
            if (++sequence.Position == positions)
            {
                Release(sequence);
                _finished.Add(sequence);
            }
        }

        if (_finished.Count > 0)
        {
            All.RemoveAll(_finished.Contains);
        }

        return _finished;
    }

    private void Release(CoarseSequence sequence)
    {
        _freeSlots.Push(sequence.Slot);
        if (sequence.NullSlot is { } slot)
        {
            _freeSlots.Push(slot);
        }
    }
}
