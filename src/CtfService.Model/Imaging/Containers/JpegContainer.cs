using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Imaging.Containers;

/// <summary>Reads and writes XMP in JPEG files (XMP specification part 3, 1.1.3): segments with a marker and a 16-bit length, XMP in a separate APP1.</summary>
internal static class JpegContainer
{
    private const byte Prefix = 0xFF;
    private const byte StartOfImage = 0xD8;
    private const byte EndOfImage = 0xD9;
    private const byte StartOfScan = 0xDA;
    private const byte App0 = 0xE0;
    private const byte App1 = 0xE1;
    private const int MarkerBytes = 2;
    private const int LengthBytes = 2; // the length includes itself

    private static ReadOnlySpan<byte> Namespace => "http://ns.adobe.com/xap/1.0/\0"u8;

    public static bool Matches(ReadOnlySpan<byte> file) => file.StartsWith([Prefix, StartOfImage, Prefix]);

    /// <summary>Returns the file with an XMP segment after its JFIF header, which must come first.</summary>
    /// <exception cref="InvalidOperationException">The packet does not fit into a segment.</exception>
    public static byte[] Attach(ReadOnlySpan<byte> file, string xmp)
    {
        byte[] content = [.. Namespace, .. Encoding.UTF8.GetBytes(xmp)];
        if (content.Length + LengthBytes > ushort.MaxValue)
        {
            throw new InvalidOperationException($"The XMP packet takes {content.Length} bytes; a JPEG segment holds at most {ushort.MaxValue - LengthBytes}.");
        }

        var place = MarkerBytes;
        if (file[place + 1] == App0)
        {
            place += MarkerBytes + BinaryPrimitives.ReadUInt16BigEndian(file[(place + MarkerBytes)..]);
        }

        byte[] header = [Prefix, App1, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(MarkerBytes), (ushort)(content.Length + LengthBytes));
        return [.. file[..place], .. header, .. content, .. file[place..]];
    }

    /// <summary>Finds the first XMP packet before the pixels; returns an empty span if there is none.</summary>
    /// <exception cref="InvalidDataException">The segment or one before it is damaged.</exception>
    public static ReadOnlySpan<byte> FindXmp(ReadOnlySpan<byte> file)
    {
        long place = MarkerBytes;
        while (true)
        {
            var marker = ContainerBytes.Piece(file, place, MarkerBytes, "a marker");
            if (marker[0] != Prefix)
            {
                throw new InvalidDataException($"it is damaged: byte {place} is {marker[0]}; expected the start of a marker.");
            }

            switch (marker[1])
            {
                case Prefix: // fill byte
                    place++;
                    continue;
                case StartOfScan or EndOfImage:
                    return [];
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(ContainerBytes.Piece(file, place + MarkerBytes, LengthBytes, "a segment's length"));
            if (length < LengthBytes)
            {
                throw new InvalidDataException($"it is damaged: the segment at byte {place} declares {length} bytes; expected at least {LengthBytes}.");
            }

            var content = ContainerBytes.Piece(file, place + MarkerBytes, length, "a segment")[LengthBytes..];
            if (marker[1] == App1 && content.StartsWith(Namespace))
            {
                return content[Namespace.Length..];
            }

            place += MarkerBytes + length;
        }
    }
}
