using System.IO.Compression;
using System.Text;

namespace CtfService.Model.Imaging.Containers;

/// <summary>
/// Reads the three text chunks of PNG files (PNG specification, third edition, 11.3.3): tEXt, zTXt (compressed), and iTXt (Unicode, optionally compressed).
/// </summary>
internal static class PngTextReader
{
    private const byte Deflate = 0;

    public static bool IsText(ReadOnlySpan<byte> type) => type.SequenceEqual("tEXt"u8) || type.SequenceEqual("zTXt"u8) || type.SequenceEqual("iTXt"u8);

    /// <param name="type">The chunk type.</param>
    /// <param name="content">The bytes after the keyword and its zero.</param>
    /// <param name="keyword">The keyword for the message.</param>
    /// <exception cref="InvalidDataException">The text is damaged, or longer than <see cref="ContainerBytes.MaxTextBytes"/> when inflated.</exception>
    public static string Read(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content, string keyword)
    {
        if (type.SequenceEqual("tEXt"u8))
        {
            return Encoding.Latin1.GetString(content);
        }

        return type.SequenceEqual("zTXt"u8)
            ? Encoding.Latin1.GetString(Inflate(content, keyword))
            : International(content, keyword);
    }

    /// <summary>Reads the compression flag and method, a language and a translated keyword that each end with a zero, and the text in UTF-8.</summary>
    private static string International(ReadOnlySpan<byte> content, string keyword)
    {
        var text = content.Length < 2 ? default : AfterZero(AfterZero(content[2..], keyword), keyword);
        return Encoding.UTF8.GetString(content.Length >= 2 && content[0] != 0 ? Inflate([content[1], .. text], keyword) : text);
    }

    private static ReadOnlySpan<byte> AfterZero(ReadOnlySpan<byte> content, string keyword)
    {
        var zero = content.IndexOf((byte)0);
        return zero >= 0 ? content[(zero + 1)..] : throw Damaged(keyword, "a zero byte is missing");
    }

    /// <param name="content">The compression method, then data.</param>
    private static ReadOnlySpan<byte> Inflate(ReadOnlySpan<byte> content, string keyword)
    {
        if (content.IsEmpty || content[0] != Deflate)
        {
            throw Damaged(keyword, "its compression method is unknown");
        }

        var text = new byte[ContainerBytes.MaxTextBytes + 1];
        var length = Fill(text, content[1..], keyword);
        return length < text.Length
            ? text.AsSpan(0, length)
            : throw new InvalidDataException($"its text '{keyword}' inflates to more than {ContainerBytes.MaxTextBytes} bytes.");
    }

    private static int Fill(Span<byte> text, ReadOnlySpan<byte> compressed, string keyword)
    {
        using var inflated = new ZLibStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
        try
        {
            return inflated.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw Damaged(keyword, error.Message.TrimEnd('.'));
        }
    }

    private static InvalidDataException Damaged(string keyword, string problem) => new($"it is damaged: text '{keyword}': {problem}.");
}
