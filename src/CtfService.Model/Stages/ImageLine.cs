using System.Runtime.InteropServices;
using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>Images in the order of arrival, the interactive ones before the bulk ones.</summary>
internal sealed class ImageLine
{
    private readonly List<RunningImage> _images = [];
    private int _interactive;

    /// <summary>All images.</summary>
    public IReadOnlyList<RunningImage> All => _images;

    /// <summary>Returns the number of images of at least this priority.</summary>
    public int CountOf(ImagePriority lowest) => lowest == ImagePriority.Interactive ? _interactive : _images.Count;

    /// <summary>Returns the images of at least this priority. Invalid after a change of the line.</summary>
    public ReadOnlySpan<RunningImage> Of(ImagePriority lowest) => CollectionsMarshal.AsSpan(_images)[..CountOf(lowest)];

    public void Add(RunningImage image)
    {
        if (image.Priority == ImagePriority.Interactive)
        {
            _images.Insert(_interactive++, image);
        }
        else
        {
            _images.Add(image);
        }
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
        _interactive -= image.Priority == ImagePriority.Interactive ? 1 : 0;
        return image;
    }
}
