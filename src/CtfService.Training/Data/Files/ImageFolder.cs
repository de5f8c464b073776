using System.Collections.Concurrent;
using CtfService.Model.Imaging;

namespace CtfService.Training.Data.Files;

/// <summary>
/// Loads images laid out as <c>class/file</c> or <c>split/class/file</c> from a folder or a tar file. The folder names in ordinal order are the classes. Images
/// are scaled and cropped to one square size and stay in memory. They are recognised by content, not by name.
/// </summary>
public static class ImageFolder
{
    /// <summary>Default limit of width times height of an image; photographs from cameras are smaller.</summary>
    public const int DefaultMaxPixels = 1 << 26;

    /// <summary>The split that defines the classes of all splits.</summary>
    public const string TrainSplit = "train";

    /// <summary>
    /// Opens a data set, in the same way for every command. The split <c>train</c> defines the classes and their ids: another split may lack some of them, and
    /// its images of other classes are skipped and counted (<see cref="ImageDataset.UnknownClasses"/>).
    /// </summary>
    /// <param name="path">A folder or a tar file.</param>
    /// <param name="imageSize">Side of the images, pixels.</param>
    /// <param name="split">Folder that holds the class folders, such as <c>train</c>; null if the class folders are at the top.</param>
    /// <param name="maxPixels">Width times height of the largest image that is decoded; larger ones are skipped and counted.</param>
    /// <exception cref="DatasetException">
    /// The path does not exist, there are no class folders, a training class has no readable image, or no image has a known class.
    /// </exception>
    public static ImageDataset Open(
        string path, int imageSize, string? split = null, int maxPixels = DefaultMaxPixels, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(imageSize);
        var (found, images, skipped) = Read(path, imageSize, split, maxPixels, cancellation);
        var ofTraining = split is null or TrainSplit ? [] : Classes(path, TrainSplit);
        var classNames = ofTraining.Count > 0 ? ofTraining : found;
        var counts = images.CountBy(image => image.ClassName).ToDictionary(StringComparer.Ordinal);
        if (ofTraining.Count == 0)
        {
            RequireImages(path, split, classNames, counts, skipped);
        }
        else if (!classNames.Any(counts.ContainsKey))
        {
            throw new DatasetException(
                $"'{path}', split '{split}', has no readable image of a class of '{TrainSplit}': {NameList.Of(classNames)}. "
                + $"It has the folders {NameList.Of(found)}.{Because(skipped)}");
        }

        return Dataset(imageSize, classNames, [.. images.Where(image => classNames.Contains(image.ClassName, StringComparer.Ordinal))]) with
        {
            Split = split,
            Skipped = skipped,
            UnknownClasses = [.. found.Except(classNames, StringComparer.Ordinal).Select(name => new UnknownClass(name, counts.GetValueOrDefault(name)))],
        };
    }

    /// <summary>Returns the classes that have a folder, in ordinal order, without opening images.</summary>
    /// <exception cref="DatasetException">The path does not exist, or it is not a tar file.</exception>
    public static IReadOnlyList<string> Classes(string path, string? split)
    {
        using var tree = new ImageTree(path, split);
        _ = tree.Entries().Count();
        return [.. tree.ClassNames];
    }

    private static void RequireImages(
        string path, string? split, IReadOnlyList<string> classNames, Dictionary<string, int> counts, IReadOnlyList<SkippedFiles> skipped)
    {
        if (classNames.Where(name => !counts.ContainsKey(name)).ToList() is { Count: > 0 } empty)
        {
            var (which, verb) = empty.Count == 1 ? ("Class", "has") : ("Classes", "have");
            var place = split is null ? $"'{path}'" : $"'{path}', split '{split}',";
            var names = NameList.Of([.. empty.Select(name => $"'{name}'")]);
            throw new DatasetException($"{which} {names} of {place} {verb} no readable image. Add images or remove the folder.{Because(skipped)}");
        }
    }

    private static ImageDataset Dataset(int imageSize, IReadOnlyList<string> classNames, IReadOnlyList<ReadImage> images)
    {
        var ids = classNames.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        return new ImageDataset(imageSize, imageSize, classNames, [.. images.Select(image => new LabelledImage(image.Pixels, ids[image.ClassName]))]);
    }

    /// <summary>Returns the images in ordinal order of their names, regardless of the order of decoding.</summary>
    private static (IReadOnlyList<string> ClassNames, IReadOnlyList<ReadImage> Images, IReadOnlyList<SkippedFiles> Skipped) Read(
        string path, int imageSize, string? split, int maxPixels, CancellationToken cancellation)
    {
        var skipped = new SkipCounter();
        using var tree = new ImageTree(path, split, skipped);
        var entries = tree.Entries().ToList(); // reports a wrong layout before the first image is decoded
        tree.RequireUsable();
        var images = new ConcurrentBag<ReadImage>();
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(entries, parallel, entry =>
        {
            if (EntryReader.Read(entry, skipped, maxPixels) is { } image)
            {
                images.Add(new ReadImage(entry.Name, entry.ClassName, ImageResizer.Cover(image, imageSize, imageSize).Pixels));
            }
        });
        return ([.. tree.ClassNames], [.. images.OrderBy(image => image.Name, StringComparer.Ordinal)], skipped.ToList());
    }

    private static string Because(IReadOnlyList<SkippedFiles> skipped) =>
        skipped.Count == 0 ? "" : $" Skipped: {string.Join("; ", skipped)}.";

    private sealed record ReadImage(string Name, string ClassName, byte[] Pixels);
}
