using System.Text;

namespace CtfService.Model.Imaging;

/// <summary>The kind of an image file, detected from its first bytes.</summary>
/// <param name="IsReadable">True if <see cref="ImageCodec"/> decodes it (<see cref="PictureKinds.All"/>).</param>
public sealed record ImageSignature(string Name, bool IsReadable)
{
    /// <summary>Brands of ISO base media files (ISO/IEC 14496-12) that contain images.</summary>
    private static readonly (string Brand, string Name)[] Brands =
    [
        ("avif", "AVIF"), ("avis", "AVIF"), ("heic", "HEIC"), ("heix", "HEIC"), ("hevc", "HEIC"), ("mif1", "HEIF"), ("msf1", "HEIF"), ("crx ", "camera raw"),
    ];

    /// <summary>The first bytes of unsupported kinds.</summary>
    private static readonly (byte[] Start, string Name)[] Starts =
    [
        ([.. "II*\0"u8], "TIFF"), ([.. "MM\0*"u8], "TIFF"), ([.. "II+\0"u8], "TIFF"), ([.. "MM\0+"u8], "TIFF"),
        ([0xFF, 0x0A], "JPEG XL"), ([0, 0, 0, 12, .. "JXL "u8], "JPEG XL"),
        ([0xFF, 0x4F, 0xFF, 0x51], "JPEG 2000"), ([0, 0, 0, 12, .. "jP"u8], "JPEG 2000"),
        ([.. "8BPS"u8], "PSD"), ([.. "<svg"u8], "SVG"),
    ];

    /// <summary>Detects the kind; returns null if the file is not an image of a known kind.</summary>
    public static ImageSignature? Of(ReadOnlySpan<byte> file)
    {
        if (ImageFile.Recognize(file) is { } format)
        {
            return new ImageSignature(format.ToString(), IsReadable: true);
        }

        if (file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8))
        {
            return new ImageSignature("GIF", IsReadable: true);
        }

        if (file.StartsWith("BM"u8) && file.Length > 18 && file[14] is 12 or 40 or 52 or 56 or 64 or 108 or 124) // size of its second header
        {
            return new ImageSignature("BMP", IsReadable: true);
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]))
        {
            return new ImageSignature("ICO", IsReadable: true);
        }

        return Unreadable(file) is { } name ? new ImageSignature(name, IsReadable: false) : null;
    }

    private static string? Unreadable(ReadOnlySpan<byte> file)
    {
        foreach (var (start, name) in Starts)
        {
            if (file.StartsWith(start))
            {
                return name;
            }
        }

        if (file.Length >= 12 && file[4..].StartsWith("ftyp"u8))
        {
            var brand = Encoding.Latin1.GetString(file[8..12]);
            return Array.Find(Brands, known => known.Brand == brand).Name;
        }

        // Portable any map: P1 to P6, then white space.
        return file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6' && file[2] is (byte)'\n' or (byte)' ' ? "PNM" : null;
    }
}
