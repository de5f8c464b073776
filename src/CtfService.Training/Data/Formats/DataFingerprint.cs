using System.Security.Cryptography;
using System.Text;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// Identifies a data set without decoding it: a hash of the names, lengths and contents of the image files of a split. The whole content is read if the split
/// has at most <see cref="MaxBytes"/>; otherwise an equal share of every file, from its start, middle and end. Of more than <see cref="MaxFiles"/> files,
/// evenly spaced ones are read.
/// </summary>
public static class DataFingerprint
{
    /// <summary>Maximum number of bytes that are read from a split, unless <see cref="MinShare"/> of every file is more.</summary>
    internal const long MaxBytes = 1L << 30;

    /// <summary>Minimum number of bytes that are read from a file; different compressed images always differ within them.</summary>
    internal const int MinShare = 12 * 1024;

    /// <summary>Maximum number of files whose content is read; all names and lengths count.</summary>
    internal const int MaxFiles = (int)(MaxBytes / MinShare);

    private const int Pieces = 3;

    /// <param name="path">A data set in any format.</param>
    /// <param name="split">
    /// Folder that holds the class folders, such as <c>train</c>; for another split the names of the training classes are hashed too.
    /// </param>
    /// <param name="maxPixels"><see cref="DatasetRequest.MaxPixels"/>, which decides which images are used.</param>
    /// <param name="classNames"><see cref="DatasetRequest.ClassNames"/>, which number the classes; null if there are none.</param>
    /// <returns>A text such as <c>7200 files of 24 classes, 5d41402abc4b</c>.</returns>
    /// <exception cref="DatasetException">The data set or the split does not exist or is damaged.</exception>
    public static string Of(
        string path,
        string split,
        int maxPixels = ImageDatasetReader.DefaultMaxPixels,
        string? classNames = null,
        CancellationToken cancellation = default)
    {
        using var source = ImageSources.Open(path, split);
        // The training split, or the list, defines the class ids of every split.
        string[] numbers = split == ImageDatasetReader.TrainSplit && classNames is null
            ? []
            : [.. ImageDatasetReader.Classes(path, ImageDatasetReader.TrainSplit, classNames)];
        return Of(source.Files, ImageDatasetReader.Classes(path, split).Count, numbers, maxPixels, cancellation);
    }

    /// <summary>Returns the text for the files of a set.</summary>
    /// <param name="classes">Names that number the classes, if they are not those of the set.</param>
    internal static string Of(
        IReadOnlyList<StoredFile> files, int classCount, IReadOnlyList<string> classes, int maxPixels, CancellationToken cancellation)
    {
        var content = files.Count <= MaxFiles ? OfAll(files, classes, cancellation) : OfMany(files, MaxFiles, classes, cancellation);
        var limit = maxPixels == ImageDatasetReader.DefaultMaxPixels ? "" : $", images of at most {maxPixels} pixels";
        return FormattableString.Invariant($"{files.Count} files of {classCount} classes, {content}{limit}");
    }

    private static string OfAll(IReadOnlyList<StoredFile> files, IEnumerable<string> classes, CancellationToken cancellation)
    {
        var share = Share(files.Count, files.Sum(file => file.File.Length));
        var lines = files.AsParallel().WithCancellation(cancellation)
            .Select(file => $"{file.Name} {file.File.Length} {Content(file.File, share)}")
            .ToList();
        return ShortHash.Of(Encoding.UTF8.GetBytes(string.Join('\n', lines.Order(StringComparer.Ordinal).Concat(classes))));
    }

    /// <summary>Hashes the lines one by one, in the order of the set, so that the memory does not grow with it.</summary>
    internal static string OfMany(IReadOnlyList<StoredFile> files, int most, IEnumerable<string> classes, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var every = (files.Count + most - 1) / most;
        var lines = Enumerable.Range(0, files.Count).AsParallel().AsOrdered().WithCancellation(cancellation).Select(index =>
        {
            var (name, file) = files[index];
            return $"{name} {file.Length} {(index % every == 0 ? Content(file, MinShare) : "")}\n";
        });
        foreach (var line in lines.AsEnumerable().Concat(classes))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
        }

        return ShortHash.Of(hash);
    }

    /// <summary>Returns the maximum number of bytes that are read from each file.</summary>
    /// <param name="bytes">Total length of all files.</param>
    internal static int Share(int files, long bytes) =>
        bytes <= MaxBytes ? (int)MaxBytes : (int)Math.Max(MinShare, MaxBytes / files);

    /// <summary>Returns the hash of a file, or of its start, middle and end if it is longer than <paramref name="share"/>.</summary>
    internal static string Content(TreeFile file, int share)
    {
        try
        {
            if (file.Length == 0)
            {
                return ""; // pipes and devices have length 0 too, and must not be opened
            }

            if (file.Length <= share)
            {
                return ShortHash.Of(file.ReadAt(0, (int)file.Length));
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var piece = share / Pieces;
            for (var place = 0; place < Pieces; place++)
            {
                hash.AppendData(file.ReadAt((file.Length - piece) * place / (Pieces - 1), piece));
            }

            return ShortHash.Of(hash);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "not readable"; // reported as skipped when the images are opened
        }
    }
}

/// <summary>A SHA-256 hash, shortened for people to read.</summary>
internal static class ShortHash
{
    private const int Digits = 12;

    public static string Of(ReadOnlySpan<byte> bytes) => Of(SHA256.HashData(bytes));

    public static string Of(IncrementalHash hash) => Of(hash.GetHashAndReset());

    private static string Of(byte[] sha256) => Convert.ToHexStringLower(sha256)[..Digits];
}
