using CtfService.Model.Imaging;

namespace CtfService.Training.Data.Files;

/// <summary>The number of images of each class of a data set, found without decoding them.</summary>
/// <param name="Folders">Number of images by class folder, in ordinal order of the folders.</param>
/// <param name="Skipped">Skipped files by reason.</param>
public sealed record ImageCounts(IReadOnlyDictionary<string, int> Folders, IReadOnlyList<SkippedFiles> Skipped)
{
    /// <summary>Bytes to read of each file: more than the longest signature.</summary>
    private const int SignatureBytes = 64;

    /// <summary>Counts the images of a folder or tar file with <c>class/file</c>, by the same rules by which images are read.</summary>
    /// <exception cref="DatasetException">The path does not exist, or there are no class folders.</exception>
    public static ImageCounts Of(string path, CancellationToken cancellation = default)
    {
        var skipped = new SkipCounter();
        using var tree = new ImageTree(path, split: null, skipped);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in tree.Entries())
        {
            cancellation.ThrowIfCancellationRequested();
            if (Problem(entry) is { } reason)
            {
                skipped.Add(entry.Name, reason);
            }
            else
            {
                counts[entry.ClassName] = counts.GetValueOrDefault(entry.ClassName) + 1;
            }
        }

        tree.RequireUsable();
        foreach (var empty in tree.ClassNames.Except(counts.Keys, StringComparer.Ordinal).ToList())
        {
            counts[empty] = 0;
        }

        return new ImageCounts(counts, skipped.ToList());
    }

    /// <summary>Returns why a file is not an image; null if it is one.</summary>
    private static string? Problem(ImageEntry entry)
    {
        if (entry.Length == 0)
        {
            return SkipReasons.Empty;
        }

        try
        {
            return ImageSignature.Of(entry.File.ReadAt(0, (int)Math.Min(entry.Length, SignatureBytes))) switch
            {
                null => SkipReasons.NotImage,
                { IsReadable: false } kind => SkipReasons.NotRead(kind.Name),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return SkipReasons.NoPermission;
        }
    }
}
