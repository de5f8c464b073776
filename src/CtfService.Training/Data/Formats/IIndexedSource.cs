namespace CtfService.Training.Data.Formats;

/// <summary>A set whose images can be read in any order, without memory for the images. Its methods are thread-safe.</summary>
internal interface IIndexedSource : IImageSource
{
    /// <summary>Returns the class of an image; null if the image has no label.</summary>
    /// <param name="index">0 to <see cref="IImageSource.Count"/> - 1, in the order of <see cref="IImageSource.Images"/>.</param>
    string? ClassOf(int index);

    /// <summary>Returns an image.</summary>
    /// <param name="index">0 to <see cref="IImageSource.Count"/> - 1.</param>
    /// <param name="maxPixels">Width times height of the largest image that is decoded; larger ones are skipped and counted.</param>
    StoredImage Image(int index, int maxPixels);
}
