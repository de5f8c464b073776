using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>The number of readable images of each class of a set in any format.</summary>
/// <param name="Classes">Number of images by class name, as the set names its classes.</param>
/// <param name="Skipped">Skipped files by reason.</param>
public sealed record ImageCounts(IReadOnlyDictionary<string, int> Classes, IReadOnlyList<SkippedFiles> Skipped)
{
    /// <summary>Counts the images without keeping them. Decodes each, so that one that could not be used does not count.</summary>
    /// <param name="path">A folder, a file, or a pattern of files.</param>
    /// <exception cref="DatasetException">There is no such set, it is damaged, or it has no labels.</exception>
    public static ImageCounts Of(string path, CancellationToken cancellation = default)
    {
        var skipped = new SkipCounter();
        using var source = ImageSources.Open(path, split: null, skipped);
        var counts = source.ClassNames.ToDictionary(name => name, _ => 0, StringComparer.Ordinal);
        var parallel = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(source.Images(ImageDatasetReader.DefaultMaxPixels), parallel, image =>
        {
            if (image.Decode() is null)
            {
                return;
            }

            var className = image.ClassName ?? throw new DatasetException($"'{path}' has images without labels. Specify a set that names their classes.");
            lock (counts)
            {
                counts[className] = counts.GetValueOrDefault(className) + 1;
            }
        });
        return new ImageCounts(counts, skipped.ToList());
    }
}
