using CtfService.Core.Imaging;
using SkiaSharp;

namespace CtfService.Model.Imaging;

/// <summary>Image files to pixels and back. The only place that knows the image library. Thread-safe.</summary>
public static class ImageCodec
{
    /// <summary>JPEG and WebP quality where nobody says, 0..100.</summary>
    public const int DefaultQuality = 90;

    /// <param name="quality">0..100 for JPEG and WebP; PNG is lossless and ignores it.</param>
    public static byte[] Encode(RgbImage image, ImageFormat format, int quality = DefaultQuality)
    {
        var layout = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var pixels = SKImage.FromPixelCopy(layout, WithOpaqueAlpha(image));
        using var data = pixels.Encode(Native(format), quality)
            ?? throw new InvalidOperationException($"The image library could not encode a {image.Width}x{image.Height} image as {format}.");
        return data.ToArray();
    }

    /// <summary>Pixels of a PNG, JPEG or WebP file as its header says: nothing is decoded.</summary>
    /// <exception cref="InvalidDataException">Another kind of file.</exception>
    public static (int Width, int Height) ReadHeader(ReadOnlySpan<byte> file)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Known(SKCodec.Create(data));
        return (codec.Info.Width, codec.Info.Height);
    }

    /// <inheritdoc cref="ReadHeader(ReadOnlySpan{byte})"/>
    /// <param name="file">Seekable; disposed of.</param>
    public static (int Width, int Height) ReadHeader(Stream file)
    {
        using var codec = Known(SKCodec.Create(file));
        return (codec.Info.Width, codec.Info.Height);
    }

    /// <summary>Decodes PNG, JPEG or WebP; transparent pixels are laid on white, pictures are turned as their EXIF says.</summary>
    /// <exception cref="InvalidDataException">Another kind of file, or a damaged one.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file)
    {
        using var data = SKData.CreateCopy(file);
        using var codec = Known(SKCodec.Create(data));
        return Decode(codec);
    }

    /// <summary>The same from a stream, of which no copy is made.</summary>
    /// <inheritdoc cref="Decode(ReadOnlySpan{byte})"/>
    /// <param name="file">Seekable; disposed of.</param>
    public static RgbImage Decode(Stream file)
    {
        using var codec = Known(SKCodec.Create(file));
        return Decode(codec);
    }

    private static RgbImage Decode(SKCodec codec)
    {
        var layout = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(layout);
        var result = codec.GetPixels(layout, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
        {
            throw new InvalidDataException($"The image is damaged ({result}).");
        }

        return ImageOrientation.Upright(OnWhite(bitmap), (int)codec.EncodedOrigin); // numbered as in EXIF
    }

    /// <param name="codec">Null for a file that the image library does not know.</param>
    private static SKCodec Known(SKCodec? codec)
    {
        if (codec?.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp)
        {
            return codec;
        }

        codec?.Dispose();
        throw new InvalidDataException("The file is not a PNG, JPEG or WebP image.");
    }

    private static byte[] WithOpaqueAlpha(RgbImage image)
    {
        var source = image.Pixels;
        var rgba = new byte[source.Length / 3 * 4];
        for (int from = 0, to = 0; from < source.Length; from += 3, to += 4)
        {
            rgba[to] = source[from];
            rgba[to + 1] = source[from + 1];
            rgba[to + 2] = source[from + 2];
            rgba[to + 3] = byte.MaxValue;
        }

        return rgba;
    }

    private static RgbImage OnWhite(SKBitmap bitmap)
    {
        var rgba = bitmap.GetPixelSpan();
        var pixels = new byte[bitmap.Width * bitmap.Height * 3];
        for (int from = 0, to = 0; to < pixels.Length; from += 4, to += 3)
        {
            var alpha = rgba[from + 3];
            for (var channel = 0; channel < 3; channel++)
            {
                pixels[to + channel] = (byte)(((rgba[from + channel] * alpha) + (byte.MaxValue * (byte.MaxValue - alpha)) + 127) / byte.MaxValue);
            }
        }

        return new RgbImage(bitmap.Width, bitmap.Height, pixels);
    }

    private static SKEncodedImageFormat Native(ImageFormat format) => format switch
    {
        ImageFormat.Png => SKEncodedImageFormat.Png,
        ImageFormat.Jpeg => SKEncodedImageFormat.Jpeg,
        ImageFormat.Webp => SKEncodedImageFormat.Webp,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown image format."),
    };
}
