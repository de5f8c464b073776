using CtfService.Core.Generation;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>A set of images in the format that it is stored in. Knows all labels before it reads the first image. Not thread-safe.</summary>
internal interface IImageSource : IDisposable
{
    /// <summary>The files whose names, lengths and contents identify the set.</summary>
    IReadOnlyList<StoredFile> Files { get; }

    /// <summary>Number of images and of files that may be images.</summary>
    int Count { get; }

    /// <summary>Class names in the order of their ids; empty if no image has a label.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>What the user can do about a class without images.</summary>
    string HowToRemoveAClass { get; }

    /// <summary>Returns the images in the order of the set. If images have labels, those without are skipped and counted.</summary>
    /// <param name="maxPixels">Width times height of the largest image that is decoded; larger ones are skipped and counted.</param>
    /// <exception cref="DatasetException">The set is damaged.</exception>
    IEnumerable<StoredImage> Images(int maxPixels);
}

/// <param name="Name">Path inside the data set, with forward slashes.</param>
internal sealed record StoredFile(string Name, TreeFile File);

/// <param name="Name">Path of the image inside the data set, or the file and the number of the image in it.</param>
/// <param name="ClassName">Null if no image of the set has a label.</param>
/// <param name="Decode">Decodes the image; returns null if it was skipped and counted. Thread-safe.</param>
internal sealed record StoredImage(string Name, string? ClassName, Func<RgbImage?> Decode);
