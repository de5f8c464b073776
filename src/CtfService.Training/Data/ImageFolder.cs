using System.Collections.Concurrent;
using CtfService.Core.Imaging;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data;

/// <summary>
/// Loads images laid out as <c>class/file</c> or <c>split/class/file</c>, in a folder or a tar file. Folder names in ordinal order are
/// the classes; images are scaled and cropped to one square size and stay in memory.
/// </summary>
public static class ImageFolder
{
    /// <param name="path">A folder, or a tar file of one.</param>
    /// <param name="imageSize">Side of the images, pixels.</param>
    /// <param name="split">Folder above the class folders, such as <c>train</c>; null where class folders are at the top.</param>
    /// <exception cref="DatasetException">No such path, no class folders, or a class without a readable image.</exception>
    public static ImageDataset Open(string path, int imageSize, string? split = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageSize);
        var tree = new ImageTree(path, split);
        var images = new ConcurrentBag<(ImageEntry Entry, RgbImage Image)>();
        var skipped = new ConcurrentBag<SkippedImage>();
        void Decode(ImageEntry entry)
        {
            try
            {
                images.Add((entry, ImageResizer.Cover(ImageCodec.Decode(entry.Read()), imageSize, imageSize)));
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                skipped.Add(new SkippedImage(entry.Name, exception.Message));
            }
        }

        Read(tree.Entries(), Decode, cancellation);
        tree.RequireUsable();
        string[] classNames = [.. tree.ClassNames.Order(StringComparer.Ordinal)];
        RequireImages(path, classNames, images.Select(image => image.Entry.ClassName).ToHashSet(), [.. skipped]);
        var labelled = images
            .OrderBy(image => image.Entry.Name, StringComparer.Ordinal) // decoding ended in any order
            .Select(image => new LabelledImage(image.Image.Pixels, Array.BinarySearch(classNames, image.Entry.ClassName, StringComparer.Ordinal)));
        return new ImageDataset(imageSize, imageSize, classNames, [.. labelled])
        {
            Skipped = [.. skipped.OrderBy(image => image.Name, StringComparer.Ordinal)],
        };
    }

    /// <summary>Entries one by one (a tar file can only be read in order), the work on them on all cores.</summary>
    private static void Read(IEnumerable<ImageEntry> entries, Action<ImageEntry> decode, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            Parallel.ForEach(Partitioner.Create(entries, EnumerablePartitionerOptions.NoBuffering), parallel, decode);
        }
        catch (AggregateException exception) when (exception.Flatten().InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } cause)
        {
            throw new DatasetException(cause.Message, cause);
        }
    }

    private static void RequireImages(string path, string[] classNames, HashSet<string> classesWithImages, IReadOnlyCollection<SkippedImage> skipped)
    {
        if (classNames.FirstOrDefault(name => !classesWithImages.Contains(name)) is not { } empty)
        {
            return;
        }

        var damaged = skipped.FirstOrDefault() is { } first ? $" {skipped.Count} files could not be read; the first, {first.Name}: {first.Reason}" : "";
        throw new DatasetException($"Class '{empty}' of '{path}' has no readable .jpg, .png or .webp image. Add images or remove the folder.{damaged}");
    }
}
