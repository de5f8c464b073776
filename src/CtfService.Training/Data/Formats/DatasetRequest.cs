namespace CtfService.Training.Data.Formats;

/// <summary>How a data set is read.</summary>
/// <param name="ImageSize">Side of the images, pixels.</param>
/// <param name="Split">Name of the split, such as <c>train</c>; null if the path is that of one set.</param>
public sealed record DatasetRequest(int ImageSize, string? Split = null)
{
    /// <summary>Width times height of the largest image that is decoded; larger ones are skipped and counted.</summary>
    public int MaxPixels { get; init; } = ImageDatasetReader.DefaultMaxPixels;

    /// <summary>Whether a set without labels is accepted (<see cref="ImageDataset.IsLabelled"/>).</summary>
    public bool AcceptUnlabelled { get; init; }

    /// <summary>Class names of a set that stores ids only; null to use the ids as names.</summary>
    public IReadOnlyList<string>? NamesOfIds { get; init; }
}
