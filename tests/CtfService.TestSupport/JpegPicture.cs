using System.Buffers.Binary;

namespace CtfService.TestSupport;

/// <summary>Writes plain JPEG files of kinds that the service itself does not write.</summary>
public static class JpegPicture
{
    /// <summary>Start of a frame (ITU-T T.81, table B.1): baseline, progressive, and with arithmetic coding.</summary>
    public const byte Baseline = 0xC0, Progressive = 0xC2, Arithmetic = 0xC9;

    /// <summary>Returns a file of one colour.</summary>
    /// <param name="components">1 for grey, 3 for colour, 4 for CMYK.</param>
    /// <param name="frame">The kind that the header claims; the pixels are baseline.</param>
    public static byte[] Of(int width, int height, int components, byte frame = Baseline, byte precision = 8)
    {
        var blocks = (width + 7) / 8 * ((height + 7) / 8) * components;
        byte[] header = [precision, 0, 0, 0, 0, (byte)components, .. Components(components, id => [id, 0x11, 0])];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(1), (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(3), (ushort)width);
        return
        [
            0xFF, 0xD8,
            .. Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]), // quantization table
            .. Segment(frame, header),
            .. Segment(0xC4, [0x00, 1, .. new byte[15], 0]), // one Huffman code of one bit: no difference to the block before
            .. Segment(0xC4, [0x10, 1, .. new byte[15], 0]), // one Huffman code of one bit: end of the block
            .. Segment(0xDA, [(byte)components, .. Components(components, id => [id, 0]), 0, 63, 0]),
            .. new byte[Math.Min((blocks * 2 / 8) + 1, 4_096)], // two zero bits for each block
            0xFF, 0xD9,
        ];
    }

    private static IEnumerable<byte> Components(int count, Func<byte, byte[]> describe) =>
        Enumerable.Range(1, count).SelectMany(id => describe((byte)id));

    private static byte[] Segment(byte marker, byte[] content)
    {
        byte[] segment = [0xFF, marker, 0, 0, .. content];
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)(content.Length + 2));
        return segment;
    }
}
