using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using CtfService.Model.Imaging;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// Loads a data set in any format: class folders in a folder or a tar file, a folder with metadata.jsonl, a WebDataset, npz or Parquet files. Images are scaled
/// and cropped to one square size and stay in memory if they fit; if not, they are decoded each time they are read. Image files are recognised by content,
/// not by name.
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
        var names = request.ReadClassNames();
        var ofTraining = split is not (null or TrainSplit) && HasSplit(path, TrainSplit)
            ? ImageSources.ClassNames(path, TrainSplit, names)
            : ImageSources.ListedNames(DatasetLocation.Find(path, split), names) ?? [];
        var skipped = new SkipCounter();
        using var source = ImageSources.Open(path, split, skipped, names, ofTraining.Count > 0 ? ofTraining : request.NamesOfIds);
        RequireLabels(path, source, request);
        var classes = new FoundClasses(path, split, source, ofTraining, skipped);
        if (source is IIndexedSource indexed && Bytes(source.Count, request.ImageSize) > Math.Min(request.MemoryLimit, MachineMemory / 2))
        {
            return StoredDataset.Open(indexed, classes, skipped, request, cancellation);
        }

        RequireMemory(path, source.Count, request.ImageSize);
        var images = Read(source, request, cancellation);
        if (source.ClassNames.Count == 0)
        {
            return Unlabelled(path, images, skipped, request);
        }

        var counts = images.CountBy(image => image.ClassName!).ToDictionary(StringComparer.Ordinal);
        var ids = classes.Require(counts);
        var labelled = images.Where(image => ids.ContainsKey(image.ClassName!)).Select(image => new LabelledImage(image.Pixels, ids[image.ClassName!]));
        return new ImageDataset(request.ImageSize, request.ImageSize, classes.Names, [.. labelled])
        {
            Split = split,
            Skipped = skipped.ToList(),
            UnknownClasses = classes.Unknown(counts),
        };
    }

    /// <summary>
    /// Opens a data set to train on, in the same way for every command: as <see cref="Open(string, DatasetRequest, CancellationToken)"/> does, or as a stream
    /// if it is a WebDataset that is larger than <see cref="DatasetRequest.MemoryLimit"/>.
    /// </summary>
    /// <inheritdoc cref="Open(string, DatasetRequest, CancellationToken)"/>
    public static ITrainingImages OpenForTraining(string path, DatasetRequest request, CancellationToken cancellation = default)
    {
        var location = DatasetLocation.Find(path, request.Split);
        return ImageSources.IsStreamed(location, request.MemoryLimit)
            ? ImageStream.Open(path, location.Files, request, cancellation)
            : Open(path, request, cancellation);
    }

    /// <summary>Returns the classes in the order of their ids, without decoding images; empty if the images have no labels.</summary>
    /// <param name="classNames"><see cref="DatasetRequest.ClassNames"/>; null if there are none.</param>
    /// <exception cref="DatasetException">The set or the split does not exist, or it is damaged.</exception>
    public static IReadOnlyList<string> Classes(string path, string? split, string? classNames = null) =>
        ImageSources.ClassNames(path, split, classNames is null ? null : ClassNamesFile.Read(classNames));

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

    private static long MachineMemory => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    private static long Bytes(int count, int imageSize) => (long)count * imageSize * imageSize * 3;

    /// <summary>Throws if the images do not fit in memory. Formats of image files do not need it.</summary>
    private static void RequireMemory(string path, int count, int imageSize)
    {
        var (needed, total) = (Bytes(count, imageSize), MachineMemory);
        if (needed > total)
        {
            throw new DatasetException(FormattableString.Invariant(
                $"'{path}' has {count:N0} images, which need {needed / 1e9:N1} GB at {imageSize}x{imageSize} pixels; this machine has {total / 1e9:N1} GB. ")
                + "Images of npz and Parquet files are kept in memory: use fewer or smaller images, or store them as class folders, tar or WebDataset.");
        }
    }

    private static ImageDataset Unlabelled(string path, List<ReadImage> images, SkipCounter skipped, DatasetRequest request) => images.Count > 0
        ? ImageDataset.Unlabelled(request.ImageSize, request.ImageSize, [.. images.Select(image => image.Pixels)]) with
        {
            Split = request.Split,
            Skipped = skipped.ToList(),
        }
        : throw new DatasetException($"'{path}' has no readable image.{skipped.Because()}");

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

    private sealed record ReadImage(int Index, string? ClassName, byte[] Pixels);
}
