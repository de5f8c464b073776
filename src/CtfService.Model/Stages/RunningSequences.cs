using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>The images that a coarse stage works on, and which of its slots they have. Allocates only if images come or go.</summary>
/// <param name="slots">A conditional row takes one, a null-class row another.</param>
/// <param name="positions">T.</param>
internal sealed class RunningSequences(int slots, int positions)
{
    private readonly Stack<int> _freeSlots = new(Enumerable.Range(0, slots).Reverse());
    private readonly List<CoarseSequence> _finished = [];

    /// <summary>In the order of their arrival.</summary>
    public List<CoarseSequence> All { get; } = [];

    public int Slots { get; private set; } = slots;

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

    /// <summary>Frees the image's slots; false if it is not here.</summary>
    public bool Remove(long id)
    {
        var place = All.FindIndex(sequence => sequence.Id == id);
        if (place < 0)
        {
            return false;
        }

        Release(All[place]);
        All.RemoveAt(place);
        return true;
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

    /// <summary>Changes the number of slots. Images in slots that are no longer there move to free ones.</summary>
    /// <param name="count">At least as many as are taken.</param>
    /// <param name="move">Moves what a slot holds, from one to another, before any image is told; if it throws, nothing has changed.</param>
    public void Resize(int count, Action<int, int> move)
    {
        var taken = All.SelectMany(SlotsOf).ToHashSet();
        var free = new Stack<int>(Enumerable.Range(0, count).Where(slot => !taken.Contains(slot)).Reverse());
        var moves = taken.Where(slot => slot >= count).ToDictionary(slot => slot, _ => free.Pop());
        foreach (var (from, to) in moves)
        {
            move(from, to);
        }

        foreach (var sequence in All)
        {
            sequence.Slot = moves.GetValueOrDefault(sequence.Slot, sequence.Slot);
            sequence.NullSlot = sequence.NullSlot is { } slot ? moves.GetValueOrDefault(slot, slot) : null;
        }

        _freeSlots.Clear();
        foreach (var slot in free.Reverse())
        {
            _freeSlots.Push(slot);
        }

        Slots = count;
    }

    private static IEnumerable<int> SlotsOf(CoarseSequence sequence) => sequence.NullSlot is { } slot ? [sequence.Slot, slot] : [sequence.Slot];

    private void Release(CoarseSequence sequence)
    {
        foreach (var slot in SlotsOf(sequence))
        {
            _freeSlots.Push(slot);
        }
    }
}
