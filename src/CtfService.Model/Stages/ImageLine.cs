using System.Runtime.InteropServices;
using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>Images by priority, the highest first, and in the order of arrival within one.</summary>
internal sealed class ImageLine
{
    private readonly List<RunningImage> _images = [];
    private readonly int[] _ends = new int[(int)ImagePriority.Bulk + 1]; // for each priority, the number of images of at least that priority

    /// <summary>All images.</summary>
    public IReadOnlyList<RunningImage> All => _images;

    /// <summary>Returns the number of images of at least this priority.</summary>
    public int CountOf(ImagePriority lowest) => _ends[(int)lowest];

    /// <summary>Returns the images of at least this priority. Invalid after a change of the line.</summary>
    public ReadOnlySpan<RunningImage> Of(ImagePriority lowest) => CollectionsMarshal.AsSpan(_images)[..CountOf(lowest)];

    public void Add(RunningImage image)
    {
        _images.Insert(CountOf(image.Priority), image);
        Count(image, 1);
    }

    /// <summary>Removes and returns an image; null if there is none with this id.</summary>
    public RunningImage? Remove(long id)
    {
        var place = _images.FindIndex(image => image.Id == id);
        if (place < 0)
        {
            return null;
        }

        var image = _images[place];
        _images.RemoveAt(place);
        Count(image, -1);
        return image;
    }

    private void Count(RunningImage image, int change)
    {
        foreach (ref var end in _ends.AsSpan((int)image.Priority))
        {
            end += change;
        }
    }
}
