using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>How a data set is read.</summary>
/// <param name="ImageSize">Side of the images, pixels.</param>
/// <param name="Split">Name of the split, such as <c>train</c>; null if the path is that of one set.</param>
public sealed record DatasetRequest(int ImageSize, string? Split = null)
{
    /// <summary>Default of <see cref="MemoryLimit"/>.</summary>
    public const long DefaultMemoryLimit = 2L << 30;

    /// <summary>Width times height of the largest image that is decoded; larger ones are skipped and counted.</summary>
    public int MaxPixels { get; init; } = ImageDatasetReader.DefaultMaxPixels;

    /// <summary>Whether a set without labels is accepted (<see cref="ImageDataset.IsLabelled"/>).</summary>
    public bool AcceptUnlabelled { get; init; }

    /// <summary>Class names of a set that stores ids only; null to use the ids as names.</summary>
    public IReadOnlyList<string>? NamesOfIds { get; init; }

    /// <summary>File that lists the class names; null to use those of the set.</summary>
    public string? ClassNames { get; init; }

    /// <summary>
    /// Bytes of decoded images that are kept in memory. The images of a larger set stay on disk and are decoded each time they are needed; a WebDataset with
    /// more bytes is read as a stream for training.
    /// </summary>
    public long MemoryLimit { get; init; } = DefaultMemoryLimit;

    /// <summary>Reads the list of class names; null if there is none.</summary>
    internal ClassNameList? ReadClassNames() => ClassNames is null ? null : ClassNamesFile.Read(ClassNames);
}
