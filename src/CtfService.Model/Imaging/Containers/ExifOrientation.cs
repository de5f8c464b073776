using System.Buffers.Binary;

namespace CtfService.Model.Imaging.Containers;

/// <summary>
/// Reads the EXIF orientation of a PNG file from its eXIf chunk (PNG specification, third edition, 11.3.2.5), before or after the
/// pixels. The image library reads EXIF in JPEG and WebP files only.
/// </summary>
internal static class ExifOrientation
{
    /// <summary>No rotation.</summary>
    public const int Upright = 1;

    private const int SignatureBytes = 8;
    private const int ChunkHeaderBytes = 8;
    private const int ChecksumBytes = 4;
    private const int MaxExifBytes = 1 << 20;
    private const ushort OrientationTag = 0x0112;
    private const int EntryBytes = 12;

    /// <summary>Returns the EXIF tag 0x0112, 1..8. Returns 1 for other files, damaged files, and files without the tag.</summary>
    /// <param name="file">A seekable stream; positioned at its start on return.</param>
    public static int OfPng(Stream file)
    {
        Span<byte> header = stackalloc byte[ChunkHeaderBytes];
        file.Position = 0;
        var read = file.ReadAtLeast(header, SignatureBytes, throwOnEndOfStream: false);
        var orientation = read == SignatureBytes && PngContainer.Matches(header) ? Search(file, header) : Upright;
        file.Position = 0;
        return orientation;
    }

    private static int Search(Stream file, Span<byte> header)
    {
        while (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(header);
            if (header.EndsWith("IEND"u8) || file.Position + length + ChecksumBytes > file.Length)
            {
                break;
            }

            if (header.EndsWith("eXIf"u8) && length <= MaxExifBytes)
            {
                var exif = new byte[length];
                file.ReadExactly(exif);
                return OfTiff(exif);
            }

            file.Position += length + ChecksumBytes;
        }

        return Upright;
    }

    /// <summary>Searches the first directory of a TIFF structure (Exif 2.32, 4.5.2): a count, then entries of tag, type, count and value.</summary>
    private static int OfTiff(ReadOnlySpan<byte> tiff)
    {
        var isLittle = tiff.StartsWith("II*\0"u8);
        if (!isLittle && !tiff.StartsWith("MM\0*"u8))
        {
            return Upright;
        }

        var directory = Number(tiff, 4, 4, isLittle);
        var entries = Number(tiff, directory, 2, isLittle);
        for (var entry = 0; entry < entries; entry++)
        {
            var place = directory + 2 + ((long)entry * EntryBytes);
            if (Number(tiff, place, 2, isLittle) == OrientationTag)
            {
                return Number(tiff, place + 8, 2, isLittle) is > 0 and <= 8 and var orientation ? (int)orientation : Upright;
            }
        }

        return Upright;
    }

    /// <summary>Reads a number; 0 if it extends past the end.</summary>
    private static long Number(ReadOnlySpan<byte> tiff, long place, int bytes, bool isLittle)
    {
        if (place + bytes > tiff.Length)
        {
            return 0;
        }

        var number = tiff.Slice((int)place, bytes);
        return bytes == 2
            ? isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(number) : BinaryPrimitives.ReadUInt16BigEndian(number)
            : isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(number) : BinaryPrimitives.ReadUInt32BigEndian(number);
    }
}
