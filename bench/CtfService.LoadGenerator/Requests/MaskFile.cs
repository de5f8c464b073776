using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace CtfService.LoadGenerator.Requests;

/// <summary>Writes the mask of an edit: a black PNG file whose middle is transparent.</summary>
internal static class MaskFile
{
    private const int BytesPerPixel = 4;

    /// <summary>Colour type 6 of PNG (third edition, 11.2.1): RGB with alpha.</summary>
    private const byte Rgba = 6;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Of(int width, int height)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, Rgba); // bits of a sample
        return [.. Signature, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, Deflated(Rows(width, height))), .. Chunk("IEND"u8, [])];
    }

    private static byte[] Rows(int width, int height)
    {
        var row = 1 + (width * BytesPerPixel); // the filter of a row, 0 for none, comes first
        var rows = new byte[height * row];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var isMiddle = x >= width / 4 && x < width - (width / 4) && y >= height / 4 && y < height - (height / 4);
                rows[(y * row) + 1 + (x * BytesPerPixel) + 3] = isMiddle ? (byte)0 : byte.MaxValue;
            }
        }

        return rows;
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. content, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc32.HashToUInt32(chunk.AsSpan(4, type.Length + content.Length)));
        return chunk;
    }

    private static byte[] Deflated(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var stream = new ZLibStream(packed, CompressionLevel.Fastest))
        {
            stream.Write(content);
        }

        return packed.ToArray();
    }
}
