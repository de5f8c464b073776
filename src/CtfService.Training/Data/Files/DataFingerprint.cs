using System.Security.Cryptography;
using System.Text;

namespace CtfService.Training.Data.Files;

/// <summary>
/// Tells one data set from another without decoding it: hash of the names, the lengths and the content of a split's image files. The content is read
/// whole if the split has at most <see cref="WholeBytes"/>; of a larger split every file gives an equal share, taken from its start, middle and end.
/// </summary>
public static class DataFingerprint
{
    /// <summary>Bytes that are read of a split; more only to have <see cref="LeastShare"/> of every file.</summary>
    internal const long WholeBytes = 1L << 30;

    /// <summary>Bytes of a file that are read at least: so much of two compressed images is never equal.</summary>
    internal const int LeastShare = 12 * 1024;

    private const int Pieces = 3;

    /// <param name="path">A folder or a tar file.</param>
    /// <param name="split">Folder above the class folders, such as <c>train</c>; for another one the names of the training classes count too.</param>
    /// <param name="maxPixels">As of <see cref="ImageFolder.Open"/>: it decides which images are used.</param>
    /// <returns>Such as <c>7200 files of 24 classes, 5d41402abc4b</c>.</returns>
    /// <exception cref="DatasetException">There is nothing at the path, or it is not a tar file.</exception>
    public static string Of(string path, string split, int maxPixels = ImageFolder.UsualMaxPixels, CancellationToken cancellation = default)
    {
        using var tree = new ImageTree(path, split);
        var entries = tree.Entries().ToList();
        var share = Share(entries.Count, entries.Sum(entry => entry.Length));
        var lines = entries.AsParallel().WithCancellation(cancellation).Select(entry => $"{entry.Name} {entry.Length} {Content(entry, share)}").ToList();
        // The training classes number those of every split.
        string[] numbers = split == ImageFolder.TrainSplit ? [] : [.. ImageFolder.Classes(path, ImageFolder.TrainSplit)];
        var text = string.Join('\n', lines.Order(StringComparer.Ordinal).Concat(numbers));
        var limit = maxPixels == ImageFolder.UsualMaxPixels ? "" : $", images of at most {maxPixels} pixels";
        return FormattableString.Invariant($"{entries.Count} files of {tree.ClassNames.Count} classes, {ShortHash.Of(Encoding.UTF8.GetBytes(text))}{limit}");
    }

    /// <summary>Most bytes that are read of each file.</summary>
    /// <param name="bytes">Of all files together.</param>
    internal static int Share(int files, long bytes) =>
        bytes <= WholeBytes ? (int)WholeBytes : (int)Math.Max(LeastShare, WholeBytes / files);

    /// <summary>Hash of a file, or of its start, middle and end if it is longer than <paramref name="share"/>.</summary>
    internal static string Content(ImageEntry entry, int share)
    {
        try
        {
            if (entry.Length == 0)
            {
                return ""; // as pipes and devices show too, which are never opened
            }

            if (entry.Length <= share)
            {
                return ShortHash.Of(entry.Read());
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var piece = share / Pieces;
            for (var place = 0; place < Pieces; place++)
            {
                hash.AppendData(entry.File.ReadAt((entry.Length - piece) * place / (Pieces - 1), piece));
            }

            return ShortHash.Of(hash);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "not readable"; // skipped by name when the images are opened
        }
    }
}

/// <summary>Enough of a SHA-256 to tell things apart and to be read by people.</summary>
internal static class ShortHash
{
    private const int Digits = 12;

    public static string Of(ReadOnlySpan<byte> bytes) => Of(SHA256.HashData(bytes));

    public static string Of(IncrementalHash hash) => Of(hash.GetHashAndReset());

    private static string Of(byte[] sha256) => Convert.ToHexStringLower(sha256)[..Digits];
}
