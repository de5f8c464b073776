using System.Collections.Concurrent;
using CtfService.Model.Imaging;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// A WebDataset that is larger than the memory for images: its shards are listed when their turn comes, and their images are decoded when a batch needs them
/// (<see cref="ShardOrder{T}"/>). Classes occur as often as the set has them. The place of an image that cannot be read is taken by the next one.
/// </summary>
public sealed class ImageStream : ITrainingImages
{
    /// <summary>Images among which the next one is drawn; about two shards of ImageNet.</summary>
    internal const int Buffer = 1 << 14;

    /// <summary>Images that are tried before a set counts as unreadable.</summary>
    private const int MaxFollowing = 1 << 20;

    private readonly string _path;
    private readonly IReadOnlyList<string> _shards;
    private readonly StreamClasses _classes;
    private readonly int _maxPixels;
    private readonly SkipCounter _unreadable = new();
    private readonly ConcurrentDictionary<int, bool> _counted = new(); // shards whose skipped files are counted
    private readonly ConcurrentDictionary<string, bool> _damaged = new(); // names of images that cannot be read

    private ImageStream(string path, IReadOnlyList<string> shards, StreamClasses classes, DatasetRequest request)
    {
        (_path, _shards, _classes, _maxPixels) = (path, shards, classes, request.MaxPixels);
        (Width, Height) = (request.ImageSize, request.ImageSize);
    }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => _classes.Names;

    /// <inheritdoc/>
    public int Count => _classes.Images;

    /// <inheritdoc/>
    public bool IsCountEstimated => _classes.IsListed;

    /// <inheritdoc/>
    public IReadOnlyList<SkippedFiles> Skipped => [];

    /// <inheritdoc/>
    public IReadOnlyList<SkippedFiles> Unreadable => _unreadable.ToList();

    /// <summary>Opens a set. Reads the ends of the shards and, if no file lists the class names, the labels of all images.</summary>
    /// <exception cref="DatasetException">A shard is damaged, the first shard has no labels, or a label is not in the list of class names.</exception>
    internal static ImageStream Open(string path, IReadOnlyList<string> shards, DatasetRequest request, CancellationToken cancellation)
    {
        ShardCheck.Require(path, shards, cancellation);
        return new ImageStream(path, shards, StreamClasses.Of(path, shards, request), request);
    }

    /// <inheritdoc/>
    public BatchLoader Batches(BatchOptions options, long firstStep = 0, CancellationToken cancellation = default)
    {
        var order = new ShardOrder<Sample>(options.Seed, _shards.Count, Buffer, List);
        var samples = new Lookahead<Sample>(order.From(firstStep * options.BatchSize, cancellation));
        return new BatchLoader(step => Prepare(samples, options, step), firstStep, cancellation);
    }

    private List<Sample> List(int shard)
    {
        var skipped = _counted.TryAdd(shard, true) ? _unreadable : new SkipCounter(); // otherwise each epoch would count the same files again
        var samples = new List<Sample>();
        try
        {
            var labels = new LabelTable();
            var index = WebDatasetShard.List(_shards[shard], labels, skipped, _classes.IsListed);
            int?[] classIds = [.. labels.Labels.Select(_classes.IdOf)];
            for (var image = 0; image < index.Count; image++)
            {
                var label = index.Label(image);
                if (label != LabelTable.None && classIds[label] is { } classId)
                {
                    samples.Add(new Sample(index, image, classId));
                }
                else
                {
                    skipped.Add(index.Name(image), label == LabelTable.None ? SkipReasons.NoLabel : SkipReasons.UnknownLabel);
                }
            }
        }
        catch (Exception exception) when (exception is DatasetException or IOException or UnauthorizedAccessException)
        {
            skipped.Add(Path.GetFileName(_shards[shard]), SkipReasons.DamagedShard);
        }

        return samples;
    }

    private PreparedBatch Prepare(Lookahead<Sample> samples, BatchOptions options, long step)
    {
        var batch = samples.Take(options.BatchSize);
        if (batch.Count < options.BatchSize)
        {
            throw new DatasetException($"'{_path}' has no image with a label that can be read.{_unreadable.Because()}");
        }

        var (images, classIds) = (new byte[batch.Count][], new long[batch.Count]);
        var size = Width * Height * 3;
        var pixels = new float[batch.Count * size];
        ReadingThreads.ForEach(batch.Count, item => images[item] = Decode(batch[item])!);
        for (var item = batch.Count - 1; item >= 0; item--)
        {
            (images[item], classIds[item]) =
                images[item] is { } image ? (image, batch[item].ClassId)
                : item < batch.Count - 1 ? (images[item + 1], classIds[item + 1])
                : Following(samples);
        }

        ReadingThreads.ForEach(batch.Count, item => AugmentedImage.Write(
            images[item], Width, Height, options.DrawAugmentation((step * batch.Count) + item), pixels.AsSpan(item * size, size)));
        return new PreparedBatch(pixels, classIds, Width, Height);
    }

    /// <summary>Returns the next image that can be read, without taking it.</summary>
    private (byte[] Image, long ClassId) Following(Lookahead<Sample> samples)
    {
        foreach (var sample in samples.Peek().Take(MaxFollowing))
        {
            if (Decode(sample) is { } image)
            {
                return (image, sample.ClassId);
            }
        }

        throw new DatasetException($"'{_path}' has no image that can be read.{_unreadable.Because()}");
    }

    private byte[]? Decode(Sample sample)
    {
        var name = sample.Shard.Name(sample.Number);
        if (_damaged.ContainsKey(name))
        {
            return null;
        }

        if (EntryReader.Read(name, sample.Shard.File(sample.Number), _unreadable, _maxPixels) is { } image)
        {
            return ImageResizer.Cover(image, Width, Height).Pixels;
        }

        _damaged.TryAdd(name, true);
        return null;
    }

    /// <param name="Number">Index of the image in the list of its shard.</param>
    private readonly record struct Sample(FileIndex Shard, int Number, int ClassId);
}
