namespace CtfService.Model.Imaging;

/// <summary>A kind of image file, recognised by its first bytes.</summary>
/// <param name="IsReadable">True if <see cref="ImageCodec"/> decodes it (<see cref="PictureKinds.All"/>).</param>
public sealed record ImageSignature(string Name, bool IsReadable)
{
    /// <summary>Brands of ISO base media files (ISO/IEC 14496-12) that hold pictures.</summary>
    private static readonly (string Brand, string Name)[] Brands =
        [("avif", "AVIF"), ("avis", "AVIF"), ("heic", "HEIC"), ("heix", "HEIC"), ("hevc", "HEIC"), ("mif1", "HEIF"), ("msf1", "HEIF"), ("jp2 ", "JPEG 2000"), ("crx ", "camera raw")];

    /// <summary>Null if the file is not an image of a known kind.</summary>
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

        return file.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]) ? new ImageSignature("ICO", IsReadable: true) : Unreadable(file) is { } name ? new ImageSignature(name, IsReadable: false) : null;
    }

    private static string? Unreadable(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8))
        {
            return "TIFF";
        }

        if (file.Length >= 12 && file[4..].StartsWith("ftyp"u8))
        {
            var brand = System.Text.Encoding.Latin1.GetString(file[8..12]);
            return Array.Find(Brands, known => known.Brand == brand).Name;
        }

        return file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]) || file.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ']) ? "JPEG XL"
            : file.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 12, (byte)'j', (byte)'P']) || file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]) ? "JPEG 2000"
            : file.StartsWith("8BPS"u8) ? "PSD"
            : file.StartsWith("<svg"u8) ? "SVG"
            : file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6' && file[2] is (byte)'\n' or (byte)' ' ? "PNM"
            : null;
    }
}
