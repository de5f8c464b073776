using System.Security.Cryptography;
using System.Text;
using CtfService.Training.Data;

namespace CtfService.Training.Runs;

/// <summary>
/// Tells one data set from another without decoding it: hash of the names and lengths of a split's image files, and of the content of the first file of every class.
/// </summary>
public static class DataFingerprint
{
    /// <param name="path">A folder or a tar file.</param>
    /// <param name="split">Folder above the class folders, such as <c>train</c>; for another one the names of the training classes count too.</param>
    /// <returns>Such as <c>7200 images of 24 classes, 5d41402abc4b</c>.</returns>
    /// <exception cref="DatasetException">There is nothing at the path, or it is not a tar file.</exception>
    public static string Of(string path, string split, CancellationToken cancellation = default)
    {
        var lines = new List<string>();
        var firstOfClass = new Dictionary<string, ImageEntry>(StringComparer.Ordinal);
        using var tree = new ImageTree(path, split);
        foreach (var entry in tree.Entries())
        {
            cancellation.ThrowIfCancellationRequested();
            lines.Add($"{entry.Name} {entry.Length}");
            if (EntryReader.MayBeRead(entry)
                && (!firstOfClass.TryGetValue(entry.ClassName, out var first) || string.CompareOrdinal(entry.Name, first.Name) < 0))
            {
                firstOfClass[entry.ClassName] = entry;
            }
        }

        var contents = firstOfClass.Values.Select(entry => $"{entry.Name} {Content(entry)}");
        // The training classes number those of every split.
        string[] numbers = split == ImageFolder.TrainSplit ? [] : [.. ImageFolder.Classes(path, ImageFolder.TrainSplit)];
        var text = string.Join('\n', lines.Order(StringComparer.Ordinal).Concat(contents.Order(StringComparer.Ordinal)).Concat(numbers));
        return FormattableString.Invariant($"{lines.Count} images of {firstOfClass.Count} classes, {ShortHash.Of(Encoding.UTF8.GetBytes(text))}");
    }

    private static string Content(ImageEntry entry)
    {
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(entry.Read()));
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
