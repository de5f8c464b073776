namespace CtfService.Training.Data;

/// <summary>How training batches are sampled.</summary>
public sealed record BatchOptions
{
    private const ulong AugmentationStream = 3;

    /// <summary>Images per batch.</summary>
    public required int BatchSize { get; init; }

    public ulong Seed { get; init; }

    /// <summary>True to sample every class equally often; false to sample every image once per epoch.</summary>
    public bool BalanceClasses { get; init; }

    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Draws the change of the image at a position: the images of all steps in order.</summary>
    internal AugmentationDraw DrawAugmentation(long position)
    {
        var random = new SplitMix64(new SplitMix64(Seed, AugmentationStream, 0).NextBits(), (ulong)position, 0);
        return Augmentation.Draw(ref random);
    }
}

/// <param name="ImageIndex">Index in the data set.</param>
/// <param name="Augmentation">Change of the image.</param>
public readonly record struct BatchItem(int ImageIndex, AugmentationDraw Augmentation);

/// <summary>Chooses the images of each step as a pure function of (seed, step), so training resumes at any step without saved state. Thread-safe.</summary>
public sealed class BatchSampler
{
    private const ulong ClassShuffle = 1;
    private const ulong ImageShuffle = 2;
    private readonly BatchOptions _options;
    private readonly int[][] _groups;
    private readonly ulong _imageSeed;
    private readonly ulong _classSeed;

    /// <exception cref="DatasetException">The data set has no images.</exception>
    /// <exception cref="ArgumentException">Quarter turns are requested for images that are not square.</exception>
    public BatchSampler(ImageDataset dataset, BatchOptions options)
        : this(dataset.ClassIds, options)
    {
        if (options.Augmentation.QuarterTurns && dataset.Width != dataset.Height)
        {
            throw new ArgumentException($"Quarter turns require square images; these have {dataset.Width}x{dataset.Height} pixels.", nameof(options));
        }
    }

    /// <param name="classIds">Class id of each image.</param>
    /// <exception cref="DatasetException">There are no images.</exception>
    public BatchSampler(IReadOnlyList<int> classIds, BatchOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Augmentation.MaxShift);
        if (classIds.Count == 0)
        {
            throw new DatasetException("The data set has no images.");
        }

        _options = options;
        _groups = options.BalanceClasses
            ? [.. Enumerable.Range(0, classIds.Count).GroupBy(image => classIds[image]).OrderBy(group => group.Key).Select(group => group.ToArray())]
            : [[.. Enumerable.Range(0, classIds.Count)]];
        _classSeed = new SplitMix64(options.Seed, ClassShuffle, 0).NextBits();
        _imageSeed = new SplitMix64(options.Seed, ImageShuffle, 0).NextBits();
    }

    /// <summary>Images per batch.</summary>
    public int BatchSize => _options.BatchSize;

    /// <summary>Returns the images of a step, 0 or greater.</summary>
    public IReadOnlyList<BatchItem> Sample(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return [.. Enumerable.Range(0, BatchSize).Select(item => Draw((step * BatchSize) + item))];
    }

    /// <summary>
    /// Each round visits every group (a class, or the whole set) once in shuffled order; each group yields its images in shuffled epochs.
    /// </summary>
    private BatchItem Draw(long position)
    {
        var (round, place) = Math.DivRem(position, _groups.Length);
        var group = Permutation.At(_classSeed, (ulong)round, (int)place, _groups.Length);
        var images = _groups[group];
        var (epoch, visit) = Math.DivRem(round, images.Length);
        var image = images[Permutation.At(_imageSeed + (ulong)group, (ulong)epoch, (int)visit, images.Length)];
        return new BatchItem(image, _options.DrawAugmentation(position));
    }
}
