using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging.Containers;

namespace CtfService.Model.Imaging;

/// <summary>
/// Reads and writes image files with provenance: the output of <see cref="ImageCodec"/> with added metadata. The same image, provenance and settings always
/// give the same bytes. Thread-safe.
/// </summary>
public static class ImageFile
{
    /// <summary>The keyword of the PNG text chunk with the provenance.</summary>
    internal const string Keyword = "CtfService";

    /// <param name="quality">0..100 for JPEG and WebP; PNG is lossless and ignores it.</param>
    public static byte[] Encode(RgbImage image, ImageProvenance provenance, ImageFormat format, int quality = ImageCodec.DefaultQuality)
    {
        var stated = provenance with { Quality = format == ImageFormat.Png ? null : quality };
        var json = ProvenanceJson.Serialize(stated);
        var xmp = XmpPacket.Create(stated, json);
        var file = ImageCodec.Encode(image, format, quality);
        return format switch
        {
            ImageFormat.Png => PngContainer.Attach(file, [new("Software", stated.Software), new(Keyword, json)], xmp),
            ImageFormat.Jpeg => JpegContainer.Attach(file, xmp),
            ImageFormat.Webp => WebpContainer.Attach(file, xmp),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format."),
        };
    }

    /// <summary>Detects the format from the first bytes; returns null if it is not one that this class writes.</summary>
    public static ImageFormat? Recognize(ReadOnlySpan<byte> file) =>
        PngContainer.Matches(file) ? ImageFormat.Png
        : JpegContainer.Matches(file) ? ImageFormat.Jpeg
        : WebpContainer.Matches(file) ? ImageFormat.Webp
        : null;

    /// <summary>Reads the provenance of an image file; returns null if it has none. Safe for untrusted files; does not decode pixels.</summary>
    /// <exception cref="InvalidDataException">The file is not PNG, JPEG or WebP, or is damaged before or in the provenance.</exception>
    public static ImageProvenance? FindProvenance(ReadOnlySpan<byte> file)
    {
        var json = Recognize(file) switch
        {
            ImageFormat.Png => PngContainer.FindText(file, Keyword) ?? XmpPacket.FindProvenance(PngContainer.FindText(file, PngContainer.XmpKeyword)),
            ImageFormat.Jpeg => XmpPacket.FindProvenance(JpegContainer.FindXmp(file)),
            ImageFormat.Webp => XmpPacket.FindProvenance(WebpContainer.FindXmp(file)),
            _ => throw new InvalidDataException("it is not a PNG, JPEG or WebP image."),
        };
        return json is null ? null : ProvenanceJson.Deserialize(json);
    }
}
