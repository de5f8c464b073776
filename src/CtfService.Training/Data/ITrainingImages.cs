namespace CtfService.Training.Data;

/// <summary>Images of one size to train on: in memory, decoded when they are needed, or read as a stream.</summary>
public interface ITrainingImages
{
    /// <summary>Width of every image, pixels.</summary>
    int Width { get; }

    /// <summary>Height of every image, pixels.</summary>
    int Height { get; }

    /// <summary>Class names; the index is the class id.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>Whether <see cref="Count"/> is an estimate, because the set has not been read to its end.</summary>
    bool IsCountEstimated { get; }

    /// <summary>Files that were skipped when the set was opened, by reason.</summary>
    IReadOnlyList<SkippedFiles> Skipped { get; }

    /// <summary>Files that could not be read since then, by reason; other images took their places.</summary>
    IReadOnlyList<SkippedFiles> Unreadable { get; }

    /// <summary>Prepares batches on a background thread, a few ahead of their use.</summary>
    /// <param name="firstStep">Step of the first batch, 0 or greater; the same step always has the same images.</param>
    /// <param name="cancellation">Cancels a waiting <see cref="BatchLoader.Next"/>.</param>
    BatchLoader Batches(BatchOptions options, long firstStep = 0, CancellationToken cancellation = default);
}
