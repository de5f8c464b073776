using System.Text;
using System.Text.RegularExpressions;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// Recognises files that are not weight files by their first bytes: the remains of failed downloads, and files of other programs.
/// </summary>
internal static partial class ForeignContent
{
    private const int StartLength = 1024;
    private const int QuotedLength = 100;

    private const string DownloadAgain = "Download the file again and check what the URL returns";

    private static readonly (byte[] Magic, string Description)[] Binary =
    [
        ([0x1f, 0x8b], "is compressed with gzip, not a weight file. Unpack it with gunzip (or tar -xzf)"),
        ("PK\x03\x04"u8.ToArray(), "is a zip file, as written by PyTorch; a safetensors file is expected. Convert it with `ctf convert`"),
        ("PK\x05\x06"u8.ToArray(), "is an empty zip file. Download or save it again"),
        ([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "is a 7-Zip archive, not a weight file. Unpack it"),
        ("Rar!"u8.ToArray(), "is a RAR archive, not a weight file. Unpack it"),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "is compressed with xz, not a weight file. Unpack it"),
        ([0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd, not a weight file. Unpack it"),
        ("BZh"u8.ToArray(), "is compressed with bzip2, not a weight file. Unpack it"),
        ([0x89, 0x48, 0x44, 0x46], "is an HDF5 file (Keras), which is not supported. Save the weights as safetensors"),
        ("GGUF"u8.ToArray(), "is a GGUF file (llama.cpp), which is not supported. Use the model's safetensors or PyTorch file"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], "is a NumPy array, which is supported as a cluster map only (--cluster-map)"),
        ([0x89, 0x50, 0x4e, 0x47], "is a PNG image, not a weight file"),
        ([0xff, 0xd8, 0xff], "is a JPEG image, not a weight file"),
        ("%PDF"u8.ToArray(), "is a PDF document, not a weight file"),
    ];

    /// <summary>
    /// Describes the content in a sentence without subject and full stop, such as "is a Git LFS pointer ...". Returns null if it is not recognised.
    /// </summary>
    /// <exception cref="Core.Models.CheckpointException">The file cannot be read.</exception>
    public static string? Find(InputFile file) => Find(file.Start(StartLength), file.Length);

    /// <param name="content">The first bytes of the file, or all of them.</param>
    /// <param name="length">The length of the whole file in bytes.</param>
    public static string? Find(ReadOnlySpan<byte> content, long length)
    {
        var start = content[..Math.Min(content.Length, StartLength)];
        if (IsSafetensors(start))
        {
            return null;
        }

        if (length == 0)
        {
            return $"is empty. {DownloadAgain}";
        }

        if (start.Length >= 16 && !start.ContainsAnyExcept((byte)0))
        {
            return $"starts with {start.Length} zero bytes: its disk space was allocated, but the download did not finish. {DownloadAgain}";
        }

        foreach (var (magic, description) in Binary)
        {
            if (start.StartsWith(magic))
            {
                return description;
            }
        }

        if (start.Length > 262 && start[257..].StartsWith("ustar"u8))
        {
            return "is a tar archive, not a weight file (the format of PyTorch before 0.2 is not supported). "
                + "Unpack it, or save it again with a newer PyTorch";
        }

        if (start is [0x80, >= 2 and <= 5, ..])
        {
            return "is a bare pickle, not a file written by torch.save. Save it again with torch.save, safetensors or numpy.save";
        }

        return IsText(start) ? FindText(Encoding.UTF8.GetString(start).TrimStart('\ufeff', ' ', '\t', '\r', '\n')) : null;
    }

    /// <summary>
    /// True for a header length, a little-endian number whose last byte is zero, followed by a brace. Its first bytes may look like another format: a length of
    /// 640 (80 02) starts like a pickle.
    /// </summary>
    private static bool IsSafetensors(ReadOnlySpan<byte> start) => start.Length > sizeof(ulong) && start[sizeof(ulong) - 1] == 0 && start[sizeof(ulong)] == '{';

    /// <summary>True if the bytes are UTF-8 text; a safetensors file has zeros in its first eight bytes.</summary>
    private static bool IsText(ReadOnlySpan<byte> start) => start.IndexOfAnyInRange((byte)0, (byte)8) < 0 && start.IndexOfAnyInRange((byte)14, (byte)26) < 0
        && Encoding.UTF8.GetString(start.Length == StartLength ? start[..^4] : start).TrimEnd('\ufffd').IndexOf('\ufffd', StringComparison.Ordinal) < 0;

    private static string FindText(string text)
    {
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
        {
            var size = LfsSize().Match(text);
            return $"is a Git LFS pointer{(size.Success ? $" to a file of {size.Groups[1].Value} bytes" : "")}, not the file itself. "
                + "Fetch it with `git lfs pull`, or download it directly";
        }

        if (text.Contains("<html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase))
        {
            var title = Title().Match(text);
            return $"is a web page{(title.Success ? $" ('{Quoted(title.Groups[1].Value)}')" : "")}, not a weight file. "
                + $"{DownloadAgain}; you may have to sign in or accept a licence";
        }

        if (text.StartsWith('<'))
        {
            return $"is an XML document, probably the error of a storage service, not a weight file: {Quoted(text)}. {DownloadAgain}";
        }

        return text.StartsWith('{') || text.StartsWith('[')
            ? $"is a JSON document, probably the error of a server, not a weight file: {Quoted(text)}. {DownloadAgain}"
            : $"is a text file, not a weight file: {Quoted(text)}. {DownloadAgain}";
    }

    /// <summary>Returns the start of a text on one line.</summary>
    private static string Quoted(string text)
    {
        var line = Spaces().Replace(text, " ").Trim();
        line = line.Length > QuotedLength ? $"{line[..QuotedLength]}..." : line;
        return new string([.. line.Select(letter => char.IsControl(letter) ? '?' : letter)]);
    }

    [GeneratedRegex(@"^size (\d{1,19})\s*$", RegexOptions.Multiline)]
    private static partial Regex LfsSize();

    [GeneratedRegex("<title[^>]*>([^<]*)</title>", RegexOptions.IgnoreCase)]
    private static partial Regex Title();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
