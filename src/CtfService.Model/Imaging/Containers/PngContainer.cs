using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Imaging.Containers;

/// <summary>
/// Reads and writes text chunks of PNG files (PNG specification, third edition, 11.3.3): a signature, then chunks of length, type, bytes and checksum.
/// </summary>
internal static class PngContainer
{
    /// <summary>The keyword of the text with an XMP packet (XMP specification part 3, 1.1.5).</summary>
    public const string XmpKeyword = "XML:com.adobe.xmp";

    private const int LengthBytes = 4;
    private const int TypeBytes = 4;
    private const int ChecksumBytes = 4;
    private const int Overhead = LengthBytes + TypeBytes + ChecksumBytes;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    public static bool Matches(ReadOnlySpan<byte> file) => file.StartsWith(Signature);

    /// <summary>Returns the file with texts after its header and before the pixels, so that readers find them first.</summary>
    /// <param name="texts">Latin-1 characters except zero.</param>
    /// <param name="xmp">An XMP packet.</param>
    public static byte[] Attach(ReadOnlySpan<byte> file, IReadOnlyList<PngText> texts, string xmp)
    {
        var headerEnd = Signature.Length + Overhead + (int)BinaryPrimitives.ReadUInt32BigEndian(file[Signature.Length..]);
        var output = new MemoryStream(file.Length + (2 * xmp.Length));
        output.Write(file[..headerEnd]);
        foreach (var text in texts)
        {
            Write(output, "tEXt"u8, Encoding.Latin1.GetBytes($"{text.Keyword}\0{text.Text}"));
        }

        Write(output, "iTXt"u8, Encoding.UTF8.GetBytes($"{XmpKeyword}\0\0\0\0\0{xmp}")); // not compressed; no language; no translated keyword
        output.Write(file[headerEnd..]);
        return output.ToArray();
    }

    /// <summary>
    /// Finds the first text with a keyword, in any of the three chunk types that tools may have rewritten it to; returns null if there is none.
    /// </summary>
    /// <exception cref="InvalidDataException">The chunk or one before it is damaged, or the text is longer than
    /// <see cref="ContainerBytes.MaxTextBytes"/>.</exception>
    public static string? FindText(ReadOnlySpan<byte> file, string keyword)
    {
        var start = Encoding.Latin1.GetBytes($"{keyword}\0");
        long place = Signature.Length;
        while (true)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(ContainerBytes.Piece(file, place, LengthBytes + TypeBytes, "a chunk's header"));
            var body = ContainerBytes.Piece(file, place + LengthBytes, TypeBytes + (long)length + ChecksumBytes, "a chunk");
            var type = body[..TypeBytes];
            var content = body[TypeBytes..^ChecksumBytes];
            if (type.SequenceEqual("IEND"u8))
            {
                return null;
            }

            if (PngTextReader.IsText(type) && content.StartsWith(start))
            {
                ContainerBytes.Text(content, $"text '{keyword}'");
                RequireChecksum(body, keyword);
                return PngTextReader.Read(type, content[start.Length..], keyword);
            }

            place += Overhead + (long)length;
        }
    }

    private static void RequireChecksum(ReadOnlySpan<byte> body, string keyword)
    {
        if (Crc32.Of(body[..^ChecksumBytes]) != BinaryPrimitives.ReadUInt32BigEndian(body[^ChecksumBytes..]))
        {
            throw new InvalidDataException($"it is damaged: the checksum of its text '{keyword}' is wrong.");
        }
    }

    private static void Write(MemoryStream output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        byte[] body = [.. type, .. content];
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, (uint)content.Length);
        output.Write(number);
        output.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(body));
        output.Write(number);
    }
}

/// <summary>A text in a PNG file.</summary>
/// <param name="Keyword">1..79 Latin-1 characters.</param>
internal sealed record PngText(string Keyword, string Text);

/// <summary>The checksum of PNG chunks (PNG specification, third edition, annex D). Computed bit by bit, because the texts are short.</summary>
internal static class Crc32
{
    private const uint ReversedPolynomial = 0xEDB88320;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (ReversedPolynomial & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
