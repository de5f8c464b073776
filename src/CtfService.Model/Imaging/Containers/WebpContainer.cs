using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Imaging.Containers;

/// <summary>
/// Reads and writes XMP in WebP files (RFC 9649, 2.5 to 2.7): RIFF chunks, each with a name, a length and an even number of bytes. A file with metadata starts
/// with the chunk VP8X, whose flags announce it.
/// </summary>
internal static class WebpContainer
{
    private const int NameBytes = 4;
    private const int LengthBytes = 4;
    private const int ChunkHeaderBytes = NameBytes + LengthBytes;
    private const int FileHeaderBytes = ChunkHeaderBytes + NameBytes;
    private const int ExtendedBytes = 10; // VP8X: flags, 24 reserved bits, width - 1 and height - 1 in 24 bits each
    private const byte XmpFlag = 0b0000_0100;
    private const int SideMask = (1 << 14) - 1; // for lossy and lossless pixels

    public static bool Matches(ReadOnlySpan<byte> file) =>
        file.StartsWith("RIFF"u8) && file.Length >= FileHeaderBytes && file[ChunkHeaderBytes..].StartsWith("WEBP"u8);

    /// <summary>Returns the file with an XMP chunk at its end.</summary>
    /// <param name="file">A valid file from an encoder.</param>
    public static byte[] Attach(ReadOnlySpan<byte> file, string xmp)
    {
        var chunks = file[FileHeaderBytes..];
        byte[] extended = chunks.StartsWith("VP8X"u8) ? [.. chunks[..(ChunkHeaderBytes + ExtendedBytes)]] : Chunk("VP8X"u8, Extended(chunks));
        extended[ChunkHeaderBytes] |= XmpFlag;
        var pixels = chunks.StartsWith("VP8X"u8) ? chunks[extended.Length..] : chunks;
        return Chunk("RIFF"u8, [.. "WEBP"u8, .. extended, .. pixels, .. Chunk("XMP "u8, Encoding.UTF8.GetBytes(xmp))]);
    }

    /// <summary>Finds the first XMP packet; returns an empty span if there is none.</summary>
    /// <exception cref="InvalidDataException">The chunk or one before it is damaged.</exception>
    public static ReadOnlySpan<byte> FindXmp(ReadOnlySpan<byte> file)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(file[NameBytes..]);
        var content = ContainerBytes.Piece(file, ChunkHeaderBytes, length, "the RIFF");
        for (long place = NameBytes; place < content.Length;)
        {
            var header = ContainerBytes.Piece(content, place, ChunkHeaderBytes, "a chunk's header");
            var chunkLength = BinaryPrimitives.ReadUInt32LittleEndian(header[NameBytes..]);
            var chunk = ContainerBytes.Piece(content, place + ChunkHeaderBytes, chunkLength, "a chunk");
            if (header.StartsWith("XMP "u8) || header.StartsWith("XMP\0"u8)) // some tools end the name with a zero
            {
                return chunk;
            }

            place += ChunkHeaderBytes + chunkLength + (chunkLength & 1);
        }

        return [];
    }

    private static byte[] Extended(ReadOnlySpan<byte> pixels)
    {
        var (width, height) = Size(pixels);
        var extended = new byte[ExtendedBytes];
        BinaryPrimitives.WriteInt32LittleEndian(extended.AsSpan(4), width - 1);
        BinaryPrimitives.WriteInt32LittleEndian(extended.AsSpan(6), ((height - 1) << 8) | ((width - 1) >> 16)); // 24 bits each, consecutive
        return extended;
    }

    /// <summary>
    /// Reads the size. Lossless: 14 bits each after a signature byte (RFC 9649, 3.4). Lossy: 14 bits of 16 each after a frame tag and a start code
    /// (RFC 6386, 9.1).
    /// </summary>
    private static (int Width, int Height) Size(ReadOnlySpan<byte> pixels)
    {
        var bits = pixels[ChunkHeaderBytes..];
        if (pixels.StartsWith("VP8L"u8))
        {
            var sides = BinaryPrimitives.ReadUInt32LittleEndian(bits[1..]);
            return ((int)(sides & SideMask) + 1, (int)((sides >> 14) & SideMask) + 1);
        }

        return pixels.StartsWith("VP8 "u8)
            ? (BinaryPrimitives.ReadUInt16LittleEndian(bits[6..]) & SideMask, BinaryPrimitives.ReadUInt16LittleEndian(bits[8..]) & SideMask)
            : throw new InvalidOperationException(
                $"The WebP encoder wrote a file that starts with '{Encoding.Latin1.GetString(pixels[..NameBytes])}'; expected VP8, VP8L or VP8X.");
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[ChunkHeaderBytes + content.Length + (content.Length & 1)];
        name.CopyTo(chunk);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(NameBytes), (uint)content.Length);
        content.CopyTo(chunk.AsSpan(ChunkHeaderBytes));
        return chunk;
    }
}
