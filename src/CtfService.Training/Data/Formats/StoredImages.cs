using System.Collections;
using System.Collections.Concurrent;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// Images that are decoded each time they are read, so that any number of them needs little memory. The place of an image that cannot be read is taken by
/// the next one of its class. Thread-safe.
/// </summary>
/// <param name="indexes">Index in the source of each image.</param>
/// <param name="classIds">Class id of each image.</param>
/// <param name="side">Side that images are scaled and cropped to, pixels.</param>
internal sealed class StoredImages(IIndexedSource source, IReadOnlyList<int> indexes, IReadOnlyList<int> classIds, int side, int maxPixels)
    : IReadOnlyList<byte[]>
{
    private readonly ConcurrentDictionary<int, int?> _substitutes = new(); // of images that cannot be read; null until one is needed

    public int Count => indexes.Count;

    /// <exception cref="DatasetException">No image of the class can be read.</exception>
    public byte[] this[int index] => TryDecode(index) ?? this[_substitutes[index] ??= Substitute(index)];

    /// <summary>Returns whether an image, or another one of its class, can be read.</summary>
    public bool IsReadable(int index) => TryDecode(index) is not null || TrySubstitute(index) is not null;

    public IEnumerator<byte[]> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Substitute(int index) => TrySubstitute(index) ?? throw new DatasetException(
        $"'{source.Image(indexes[index], maxPixels).Name}' cannot be read, nor can any other image of its class. Restore the images.");

    private int? TrySubstitute(int index)
    {
        for (var step = 1; step < Count; step++)
        {
            var other = (int)(((long)index + step) % Count);
            if (classIds[other] == classIds[index] && TryDecode(other) is not null)
            {
                return other;
            }
        }

        return null;
    }

    /// <summary>Decodes an image; returns null, and does not try again, if it cannot be read.</summary>
    private byte[]? TryDecode(int index)
    {
        if (_substitutes.ContainsKey(index))
        {
            return null;
        }

        if (source.Image(indexes[index], maxPixels).Decode() is { } image)
        {
            return ImageResizer.Cover(image, side, side).Pixels;
        }

        _substitutes.TryAdd(index, null);
        return null;
    }
}
