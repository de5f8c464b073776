using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CtfService.TestSupport;

/// <summary>Writes PNG files of every kind that the format has, also invalid ones; the service itself writes opaque ones only.</summary>
public static class PngPicture
{
    /// <summary>Color types of PNG (third edition, 11.2.1).</summary>
    public const byte Grey = 0, Rgb = 2, Palette = 3, GreyAlpha = 4, Rgba = 6;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Returns a file whose pixels have these colours and alphas.</summary>
    public static byte[] Of(int width, int height, Func<int, int, (int R, int G, int B, int Alpha)> pixel)
    {
        var samples = new byte[width * height * 4];
        for (var place = 0; place < width * height; place++)
        {
            var (red, green, blue, alpha) = pixel(place % width, place / width);
            new[] { (byte)red, (byte)green, (byte)blue, (byte)alpha }.CopyTo(samples, place * 4);
        }

        return Encode(width, height, Rgba, bitDepth: 8, samples);
    }

    /// <summary>Returns a black file that is transparent where a rule says so.</summary>
    public static byte[] Mask(int width, int height, Func<int, int, bool> isTransparent) =>
        Of(width, height, (x, y) => (0, 0, 0, isTransparent(x, y) ? 0 : 255));

    /// <param name="samples">The rows of the picture without filter bytes, as the color type and bit depth store them.</param>
    /// <param name="chunks">Chunks between the header and the pixels, such as PLTE and tRNS.</param>
    public static byte[] Encode(int width, int height, byte colorType, byte bitDepth, byte[] samples, params (string Type, byte[] Content)[] chunks)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (bitDepth, colorType);
        var rows = samples.Chunk(Math.Max(1, samples.Length / Math.Max(1, height))).SelectMany(row => row.Prepend((byte)0)); // filter: none
        return
        [
            .. Signature,
            .. Chunk("IHDR", header),
            .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Content)),
            .. Chunk("IDAT", Deflated([.. rows])),
            .. Chunk("IEND", []),
        ];
    }

    /// <summary>Returns one chunk: length, type, content, checksum.</summary>
    public static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.Latin1.GetBytes(type), .. content];
        var numbers = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(numbers, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(4), Checksum(body));
        return [.. numbers[..4], .. body, .. numbers[4..]];
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

    /// <summary>CRC-32 as in PNG, annex D.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
            }
        }

        return ~crc;
    }
}
