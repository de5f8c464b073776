using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>The images in a coarse stage and the slots that they occupy. Allocates only when images join or leave.</summary>
/// <param name="slots">The number of slots. A conditional row takes one, and so does a null-class row.</param>
internal sealed class CoarseBatch(int slots)
{
    private readonly Stack<int> _freeSlots = new(Enumerable.Range(0, slots).Reverse());
    private readonly List<RunningImage> _finished = [];
    private readonly List<RunningImage> _failed = [];
    private readonly ImageLine _images = new();

    /// <summary>All images, by priority, and in the order of arrival within one.</summary>
    public IReadOnlyList<RunningImage> All => _images.All;

    public int Slots { get; private set; } = slots;

    public int FreeSlots => _freeSlots.Count;

    /// <inheritdoc cref="ImageLine.CountOf"/>
    public int CountOf(ImagePriority lowest) => _images.CountOf(lowest);

    /// <inheritdoc cref="ImageLine.Of"/>
    public ReadOnlySpan<RunningImage> Of(ImagePriority lowest) => _images.Of(lowest);

    /// <summary>Returns the number of slots that images of at least this priority occupy.</summary>
    public int SlotsOf(ImagePriority lowest)
    {
        var count = 0;
        foreach (var image in Of(lowest))
        {
            count += image.NullSlot is null ? 1 : 2;
        }

        return count;
    }

    /// <summary>Adds an image, which must fit into <see cref="FreeSlots"/>.</summary>
    public void Add(RunningImage image)
    {
        image.Slot = _freeSlots.Pop();
        image.NullSlot = image.Specification.Coarse.IsGuided ? _freeSlots.Pop() : null;
        _images.Add(image);
    }

    /// <summary>Removes an image and frees its slots. Returns false if the image is not in the batch.</summary>
    public bool Remove(long id)
    {
        if (_images.Remove(id) is not { } image)
        {
            return false;
        }

        Release(image);
        return true;
    }

    /// <summary>
    /// Moves every image of at least this priority on past the labels that have been drawn. Removes and returns the complete ones; the next call
    /// reuses the list.
    /// </summary>
    public List<RunningImage> Advance(ImagePriority lowest)
    {
        _finished.Clear();
        foreach (var image in Of(lowest))
        {
            if (image.CachedPositions <= image.NextPosition)
            {
                continue; // its known labels are not all cached yet
            }

            image.Advance();
            if (image.IsLayoutComplete)
            {
                _finished.Add(image);
            }
        }

        foreach (var image in _finished)
        {
            Remove(image.Id);
        }

        return _finished;
    }

    /// <summary>Removes and returns the images that have a <see cref="RunningImage.Fault"/>; the next call reuses the list.</summary>
    public List<RunningImage> TakeFailed()
    {
        _failed.Clear();
        foreach (var image in Of(ImagePriority.Bulk))
        {
            if (image.Fault is not null)
            {
                _failed.Add(image);
            }
        }

        foreach (var image in _failed)
        {
            Remove(image.Id);
        }

        return _failed;
    }

    /// <summary>Changes the number of slots. Images in slots that disappear move to free ones.</summary>
    /// <param name="count">The new number of slots, at least the number of occupied ones.</param>
    /// <param name="move">Copies the content of a slot to another one. Called before any image changes its slot; if it throws, the batch is unchanged.</param>
    public void Resize(int count, Action<int, int> move)
    {
        var taken = All.SelectMany(SlotsOf).ToHashSet();
        var free = new Stack<int>(Enumerable.Range(0, count).Where(slot => !taken.Contains(slot)).Reverse());
        var moves = taken.Where(slot => slot >= count).ToDictionary(slot => slot, _ => free.Pop());
        foreach (var (from, to) in moves)
        {
            move(from, to);
        }

        foreach (var image in All)
        {
            image.Slot = moves.GetValueOrDefault(image.Slot, image.Slot);
            image.NullSlot = image.NullSlot is { } slot ? moves.GetValueOrDefault(slot, slot) : null;
        }

        _freeSlots.Clear();
        foreach (var slot in free.Reverse())
        {
            _freeSlots.Push(slot);
        }

        Slots = count;
    }

    private static IEnumerable<int> SlotsOf(RunningImage image) => image.NullSlot is { } slot ? [image.Slot, slot] : [image.Slot];

    private void Release(RunningImage image)
    {
        foreach (var slot in SlotsOf(image))
        {
            _freeSlots.Push(slot);
        }
    }
}
