using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CtfService.Training.Data;

/// <summary>
/// Images of one size with their classes, all in memory or, if they are too many, decoded each time they are read. Immutable, so thread-safe.
/// </summary>
public sealed record ImageDataset : ITrainingImages
{
    /// <exception cref="ArgumentException">An image has a wrong length or an unknown class.</exception>
    public ImageDataset(int width, int height, IReadOnlyList<string> classNames, IReadOnlyList<LabelledImage> images)
    {
        var size = width * height * 3;
        if (images.FirstOrDefault(image => image.Pixels.Length != size || image.ClassId < 0 || image.ClassId >= classNames.Count) is { } invalid)
        {
            throw new ArgumentException(
                $"An image has {invalid.Pixels.Length} bytes and class {invalid.ClassId}; expected {size} bytes and a class below {classNames.Count}.",
                nameof(images));
        }

        Width = width;
        Height = height;
        ClassNames = classNames;
        Images = [.. images.Select(image => image.Pixels)];
        ClassIds = [.. images.Select(image => image.ClassId)];
    }

    /// <summary>Creates a data set of images that stay on disk.</summary>
    /// <param name="side">Width and height of the images, pixels.</param>
    /// <param name="images">Decodes an image each time it is read.</param>
    internal ImageDataset(int side, IReadOnlyList<string> classNames, IReadOnlyList<byte[]> images, IReadOnlyList<int> classIds, StoredState stored)
    {
        (Width, Height) = (side, side);
        ClassNames = classNames;
        Images = images;
        ClassIds = classIds;
        Stored = stored;
    }

    /// <summary>Creates a data set without labels, whose images all belong to one class without a meaning.</summary>
    public static ImageDataset Unlabelled(int width, int height, IReadOnlyList<byte[]> images) =>
        new(width, height, [NoClass], [.. images.Select(pixels => new LabelledImage(pixels, 0))]) { IsLabelled = false };

    /// <summary>Name of the class without a meaning.</summary>
    internal const string NoClass = "unlabelled";

    /// <summary>Whether the images have labels; if not, <see cref="ClassNames"/> has one class without a meaning.</summary>
    public bool IsLabelled { get; internal init; } = true;

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; private init; }

    /// <summary>8-bit R, G, B of each pixel in raster order, one array per image. Do not modify.</summary>
    public IReadOnlyList<byte[]> Images { get; private init; }

    /// <summary>Class id of each image.</summary>
    public IReadOnlyList<int> ClassIds { get; private init; }

    /// <summary>Name of the split; null if the data set has no splits or was not read from files.</summary>
    public string? Split { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<SkippedFiles> Skipped { get; init; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<SkippedFiles> Unreadable => Stored?.Unreadable() ?? [];

    /// <summary>Classes whose images were skipped because they are not in <see cref="ClassNames"/>.</summary>
    public IReadOnlyList<UnknownClass> UnknownClasses { get; init; } = [];

    /// <summary>Classes without an image.</summary>
    public IReadOnlyList<string> MissingClasses
    {
        get
        {
            var present = ClassIds.ToHashSet();
            return [.. ClassNames.Where((_, id) => !present.Contains(id))];
        }
    }

    /// <inheritdoc/>
    public int Count => Images.Count;

    /// <inheritdoc/>
    public bool IsCountEstimated => false;

    /// <summary>Whether the images stay on disk and are decoded each time they are read.</summary>
    public bool IsStored => Stored is not null;

    /// <summary>What is known about images that stay on disk; null if the images are in memory.</summary>
    internal StoredState? Stored { get; private init; }

    /// <inheritdoc/>
    public BatchLoader Batches(BatchOptions options, long firstStep = 0, CancellationToken cancellation = default) =>
        new(this, new BatchSampler(this, options), firstStep, cancellation);

    /// <summary>Returns the same images with the class ids of another list of classes, such as that of a trained model.</summary>
    /// <exception cref="DatasetException">A class is not in the list, or the images have no labels.</exception>
    public ImageDataset WithClassNames(IReadOnlyList<string> classNames)
    {
        var ids = classNames.Select((name, id) => (name, id)).ToDictionary(entry => entry.name, entry => entry.id, StringComparer.Ordinal);
        if (ClassNames.FirstOrDefault(name => !ids.ContainsKey(name)) is { } unknown)
        {
            throw new DatasetException(
                $"Class '{unknown}' is not one of the {classNames.Count} known classes: {NameList.Of(classNames)}. Rename or remove the class.");
        }

        int[] known = [.. ClassNames.Select(name => ids[name])];
        return this with { ClassNames = classNames, ClassIds = [.. ClassIds.Select(id => known[id])] };
    }

    /// <summary>Returns the images at the given indexes, in this order.</summary>
    public ImageDataset Select(IReadOnlyList<int> indexes) => this with
    {
        Images = Stored is null ? [.. indexes.Select(index => Images[index])] : new ComputedList<byte[]>(indexes.Count, place => Images[indexes[place]]),
        ClassIds = [.. indexes.Select(index => ClassIds[index])],
        Stored = Stored is null ? null : Stored with { Identity = () => $"{Stored.Identity()}, images {Hash(indexes)}" },
    };

    private static string Hash(IReadOnlyList<int> numbers) => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(numbers.ToArray())));
}

/// <summary>What is known about images that stay on disk.</summary>
/// <param name="Identity">Computes a text that identifies the images without decoding them.</param>
/// <param name="Unreadable">Returns the images that could not be read so far.</param>
internal sealed record StoredState(Func<string> Identity, Func<IReadOnlyList<SkippedFiles>> Unreadable);

/// <param name="Pixels">8-bit R, G, B of each pixel in raster order.</param>
public sealed record LabelledImage(byte[] Pixels, int ClassId);

/// <summary>A class that the training split does not have.</summary>
public sealed record UnknownClass(string Name, int Images);
