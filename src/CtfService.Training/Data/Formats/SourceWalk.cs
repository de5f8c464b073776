using CtfService.Model.Imaging;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Walks a set in any format, decoding a few images ahead on other threads.</summary>
public sealed class SourceWalk : ImageWalk
{
    /// <summary>Images that are decoded ahead: enough for the next batch while one is computed.</summary>
    private const int Ahead = 128;

    /// <summary>Images in a row that cannot be read before the storage is taken to be away. A set has damaged images here and there.</summary>
    private const int UnreadableInARow = 1000;

    private readonly IImageSource _source;
    private readonly SkipCounter _skipped = new();
    private readonly Dictionary<string, int> _ids;
    private readonly int _maxPixels;
    private int _unreadable; // images since the last one that could be read

    private SourceWalk(string path, string split, int maxPixels, ClassNameList? names)
    {
        _maxPixels = maxPixels;
        var ofTraining = split != ImageDatasetReader.TrainSplit && ImageDatasetReader.HasSplit(path, ImageDatasetReader.TrainSplit)
            ? ImageSources.ClassNames(path, ImageDatasetReader.TrainSplit, names)
            : ImageSources.ListedNames(DatasetLocation.Find(path, split), names) ?? [];
        _source = ImageSources.Open(path, split, _skipped, names, ofTraining.Count > 0 ? ofTraining : null);
        DefinesClasses = ofTraining.Count == 0;
        ClassNames = ofTraining.Count > 0 ? ofTraining : _source.ClassNames;
        _ids = ClassNames.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
    }

    public override IReadOnlyList<string> ClassNames { get; }

    public override bool DefinesClasses { get; }

    public override int Count => _source.Count;

    public override IReadOnlyList<SkippedFiles> Skipped => _skipped.ToList();

    /// <summary>Opens a split; the split <c>train</c> defines the classes and their ids.</summary>
    /// <param name="path">A data set in any format.</param>
    /// <param name="maxPixels">Width times height of the largest image that is decoded; larger ones are skipped and counted.</param>
    /// <param name="classNames"><see cref="DatasetRequest.ClassNames"/>; null if there are none.</param>
    /// <exception cref="DatasetException">There is no such set, it is damaged, or its images have no labels.</exception>
    public static SourceWalk Open(string path, string split, int maxPixels = ImageDatasetReader.DefaultMaxPixels, string? classNames = null)
    {
        var walk = new SourceWalk(path, split, maxPixels, classNames is null ? null : ClassNamesFile.Read(classNames));
        if (walk._source.ClassNames.Count > 0)
        {
            return walk;
        }

        walk.Dispose();
        throw new DatasetException(
            $"The images of '{path}', split '{split}', have no labels, which are needed here. "
            + "Add the class of each image: a .cls member, a label column, the array arr_1, or a folder for each class.");
    }

    /// <exception cref="DatasetException">The storage is away.</exception>
    public override IEnumerable<WalkedImage> From(int position, int side, CancellationToken cancellation)
    {
        var pending = new Queue<Task<WalkedImage?>>();
        try
        {
            foreach (var (index, image) in _source.Images(_maxPixels).Index().Skip(position))
            {
                cancellation.ThrowIfCancellationRequested();
                pending.Enqueue(Task.Run(() => Decode(image, index, side), CancellationToken.None));
                if (pending.Count > Ahead && Taken(pending) is { } walked)
                {
                    yield return walked;
                }
            }

            while (pending.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Taken(pending) is { } walked)
                {
                    yield return walked;
                }
            }
        }
        finally
        {
            Task.WhenAll(pending).ContinueWith(_ => { }, TaskScheduler.Default).GetAwaiter().GetResult(); // they read the source, which is disposed next
        }
    }

    public override void Dispose()
    {
        _source.Dispose();
        base.Dispose();
    }

    /// <summary>Waits for the first image and takes it.</summary>
    private WalkedImage? Taken(Queue<Task<WalkedImage?>> pending) => Volatile.Read(ref _unreadable) < UnreadableInARow
        ? pending.Dequeue().GetAwaiter().GetResult()
        : throw new DatasetException(
            $"{UnreadableInARow} images in a row cannot be read, so the storage may be away: {string.Join("; ", Skipped)}. "
            + "Check that the images can be read, and run the command again: it continues where it stopped.");

    private WalkedImage? Decode(StoredImage stored, int index, int side)
    {
        if (!_ids.TryGetValue(stored.ClassName!, out var classId))
        {
            _skipped.Add(stored.Name, SkipReasons.UnknownClass);
            return null;
        }

        if (stored.Decode() is not { } image)
        {
            Interlocked.Increment(ref _unreadable);
            return null;
        }

        Volatile.Write(ref _unreadable, 0);
        return new WalkedImage(ImageResizer.Cover(image, side, side).Pixels, classId, index + 1);
    }
}
