using System.Buffers.Binary;
using CtfService.Core.Generation;

namespace CtfService.Model.Tests.Imaging;

/// <summary>Image files with an EXIF orientation, where each container stores it.</summary>
internal static class ExifFiles
{
    public static byte[] Tiff(byte orientation) =>
        [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];

    public static byte[] WithOrientation(byte[] file, ImageFormat format, byte orientation) => format switch
    {
        ImageFormat.Png => PngWithOrientation(file, orientation, "IDAT"),
        ImageFormat.Jpeg => Jpeg(file, Tiff(orientation)),
        _ => Webp(file, Tiff(orientation)),
    };

    public static byte[] PngWithOrientation(byte[] file, byte orientation, string before) => PngChunks.Insert(file, before, "eXIf", Tiff(orientation));

    /// <summary>Inserts a segment after the start of the file.</summary>
    private static byte[] Jpeg(byte[] file, byte[] tiff)
    {
        byte[] payload = [.. "Exif\0\0"u8, .. tiff];
        return [.. file[..2], 0xFF, 0xE1, 0, (byte)(payload.Length + 2), .. payload, .. file[2..]];
    }

    /// <summary>Writes a header with the EXIF flag, the pixels, and a chunk at the end.</summary>
    private static byte[] Webp(byte[] file, byte[] tiff)
    {
        byte[] extended = [.. "VP8X"u8, 10, 0, 0, 0, 0b1000, 0, 0, 0, 47, 0, 0, 31, 0, 0];
        byte[] exif = [.. "EXIF"u8, (byte)tiff.Length, 0, 0, 0, .. tiff];
        byte[] turned = [.. file[..12], .. extended, .. file[12..], .. exif];
        BinaryPrimitives.WriteInt32LittleEndian(turned.AsSpan(4), turned.Length - 8);
        return turned;
    }
}
