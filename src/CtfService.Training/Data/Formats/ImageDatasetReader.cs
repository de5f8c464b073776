using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using CtfService.Model.Imaging;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// Loads a data set in any format: class folders in a folder or a tar file, a folder with metadata.jsonl, a WebDataset, npz or Parquet files. Images are scaled
/// and cropped to one square size and stay in memory. Image files are recognised by content, not by name.
/// </summary>
public static class ImageDatasetReader
{
    /// <summary>Default limit of width times height of an image; photographs from cameras are smaller.</summary>
    public const int DefaultMaxPixels = 1 << 26;

    /// <summary>The split that defines the classes of all splits.</summary>
    public const string TrainSplit = "train";

    /// <summary>The split of images that are held out.</summary>
    public const string TestSplit = "test";

    /// <inheritdoc cref="Open(string, DatasetRequest, CancellationToken)"/>
    /// <param name="imageSize">Side of the images, pixels.</param>
    /// <param name="split">Name of the split, such as <c>train</c>; null if the path is that of one set.</param>
    /// <param name="maxPixels">Width times height of the largest image that is decoded; larger ones are skipped and counted.</param>
    public static ImageDataset Open(
        string path, int imageSize, string? split = null, int maxPixels = DefaultMaxPixels, CancellationToken cancellation = default) =>
        Open(path, new DatasetRequest(imageSize, split) { MaxPixels = maxPixels }, cancellation);

    /// <summary>
    /// Opens a data set, in the same way for every command. The split <c>train</c> defines the classes and their ids: another split may lack some of them, and
    /// its images of other classes are skipped and counted (<see cref="ImageDataset.UnknownClasses"/>).
    /// </summary>
    /// <param name="path">A folder, a file, or a pattern of files such as <c>name-{000000..000003}.tar</c>.</param>
    /// <exception cref="DatasetException">
    /// The path does not exist or is damaged, there are no classes, a training class has no readable image, or no image has a known class.
    /// </exception>
    public static ImageDataset Open(string path, DatasetRequest request, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(request.ImageSize);
        var split = request.Split;
        var ofTraining = split is not (null or TrainSplit) && HasSplit(path, TrainSplit) ? Classes(path, TrainSplit) : [];
        var skipped = new SkipCounter();
        using var source = ImageSources.Open(path, split, skipped, ofTraining.Count > 0 ? ofTraining : request.NamesOfIds);
        RequireLabels(path, source, request);
        RequireMemory(path, source.Count, request.ImageSize);
        var images = Read(source, request, cancellation);
        if (source.ClassNames.Count == 0)
        {
            return Unlabelled(path, images, skipped, request);
        }

        var classNames = ofTraining.Count > 0 ? ofTraining : source.ClassNames;
        var counts = images.CountBy(image => image.ClassName!).ToDictionary(StringComparer.Ordinal);
        if (ofTraining.Count == 0)
        {
            RequireImages(path, split, source, counts, skipped);
        }
        else if (!classNames.Any(counts.ContainsKey))
        {
            throw new DatasetException(
                $"'{path}', split '{split}', has no readable image of a class of '{TrainSplit}': {NameList.Of(classNames)}. "
                + $"It has the classes {NameList.Of(source.ClassNames)}.{Because(skipped)}");
        }

        var ids = classNames.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        var labelled = images.Where(image => ids.ContainsKey(image.ClassName!)).Select(image => new LabelledImage(image.Pixels, ids[image.ClassName!]));
        return new ImageDataset(request.ImageSize, request.ImageSize, classNames, [.. labelled])
        {
            Split = split,
            Skipped = skipped.ToList(),
            UnknownClasses = [.. source.ClassNames.Where(name => !ids.ContainsKey(name) && (source is ClassFolderSource || counts.ContainsKey(name)))
                .Select(name => new UnknownClass(name, counts.GetValueOrDefault(name)))],
        };
    }

    /// <summary>Returns the classes in the order of their ids, without decoding images; empty if the images have no labels.</summary>
    /// <exception cref="DatasetException">The set or the split does not exist, or it is damaged.</exception>
    public static IReadOnlyList<string> Classes(string path, string? split)
    {
        using var source = ImageSources.Open(path, split);
        return source.ClassNames;
    }

    /// <summary>Returns whether a data set has a split of this name.</summary>
    public static bool HasSplit(string path, string split) => DatasetLocation.HasSplit(path, split);

    private static void RequireLabels(string path, IImageSource source, DatasetRequest request)
    {
        if (source.ClassNames.Count == 0 && !request.AcceptUnlabelled && source.Count > 0)
        {
            throw new DatasetException(
                $"The images of '{path}' have no labels, which are needed here. "
                + "Add the class of each image: a .cls member, a label column, the array arr_1, or a folder for each class.");
        }
    }

    private static void RequireMemory(string path, int count, int imageSize)
    {
        var (needed, total) = ((double)count * imageSize * imageSize * 3, (double)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed > total)
        {
            throw new DatasetException(FormattableString.Invariant(
                $"'{path}' has {count:N0} images, which need {needed / 1e9:N1} GB at {imageSize}x{imageSize} pixels; this machine has {total / 1e9:N1} GB. ")
                + "Use fewer or smaller images.");
        }
    }

    private static void RequireImages(string path, string? split, IImageSource source, Dictionary<string, int> counts, SkipCounter skipped)
    {
        if (source.ClassNames.Where(name => !counts.ContainsKey(name)).ToList() is { Count: > 0 } empty)
        {
            var (which, verb) = empty.Count == 1 ? ("Class", "has") : ("Classes", "have");
            var place = split is null ? $"'{path}'" : $"'{path}', split '{split}',";
            var names = NameList.Of([.. empty.Select(name => $"'{name}'")]);
            throw new DatasetException($"{which} {names} of {place} {verb} no readable image. Add images or {source.HowToRemoveAClass}.{Because(skipped)}");
        }
    }

    private static ImageDataset Unlabelled(string path, List<ReadImage> images, SkipCounter skipped, DatasetRequest request) => images.Count > 0
        ? ImageDataset.Unlabelled(request.ImageSize, request.ImageSize, [.. images.Select(image => image.Pixels)]) with
        {
            Split = request.Split,
            Skipped = skipped.ToList(),
        }
        : throw new DatasetException($"'{path}' has no readable image.{Because(skipped)}");

    /// <summary>Decodes the images; returns them in the order of the set, whatever the order of decoding.</summary>
    private static List<ReadImage> Read(IImageSource source, DatasetRequest request, CancellationToken cancellation)
    {
        var side = request.ImageSize;
        var images = new ConcurrentBag<ReadImage>();
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        // Without buffering, because a source may read each image, which can be large, as it is asked for.
        var stored = Partitioner.Create(source.Images(request.MaxPixels).Index(), EnumerablePartitionerOptions.NoBuffering);
        try
        {
            Parallel.ForEach(stored, parallel, entry =>
            {
                if (entry.Item.Decode() is { } image)
                {
                    images.Add(new ReadImage(entry.Index, entry.Item.ClassName, ImageResizer.Cover(image, side, side).Pixels));
                }
            });
        }
        catch (AggregateException exception) when (exception.Flatten().InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } damage)
        {
            ExceptionDispatchInfo.Throw(damage); // of the source, which reports damage as it comes to it
        }

        return [.. images.OrderBy(image => image.Index)];
    }

    private static string Because(SkipCounter skipped) =>
        skipped.ToList() is { Count: > 0 } reasons ? $" Skipped: {string.Join("; ", reasons)}." : "";

    private sealed record ReadImage(int Index, string? ClassName, byte[] Pixels);
}
