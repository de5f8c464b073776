using CtfService.Core.Generation;
using CtfService.Model.Imaging.Containers;
using SkiaSharp;

namespace CtfService.Model.Imaging;

/// <summary>Decodes image files to pixels and encodes pixels. The only class that uses the image library. Thread-safe.</summary>
public static class ImageCodec
{
    /// <summary>The default quality of JPEG and WebP, 0..100.</summary>
    public const int DefaultQuality = 90;

    /// <summary>Larger images do not fit into one array with 4 bytes per pixel.</summary>
    private const long MaxPixels = int.MaxValue / 4;

    /// <summary>The name and version of the image library; another version may write other bytes for the same pixels.</summary>
    public static string Library { get; } = $"SkiaSharp {typeof(SKImage).Assembly.GetName().Version}";

    /// <param name="quality">0..100 for JPEG and WebP; PNG is lossless and ignores it.</param>
    public static byte[] Encode(RgbImage image, ImageFormat format, int quality = DefaultQuality)
    {
        var layout = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var pixels = SKImage.FromPixelCopy(layout, WithOpaqueAlpha(image));
        using var data = pixels.Encode(Native(format), quality)
            ?? throw new InvalidOperationException($"The image library could not encode a {image.Width}x{image.Height} image as {format}.");
        return data.ToArray();
    }

    /// <summary>Reads the size of an image in pixels from the header of its file, without decoding it.</summary>
    /// <exception cref="InvalidDataException">The file is not an image of a supported kind.</exception>
    public static unsafe (int Width, int Height) ReadHeader(ReadOnlySpan<byte> file, PictureKinds kinds = PictureKinds.Web)
    {
        fixed (byte* bytes = file)
        {
            using var data = SKData.Create((nint)bytes, file.Length);
            using var codec = Known(SKCodec.Create(data), kinds);
            return (codec.Info.Width, codec.Info.Height);
        }
    }

    /// <inheritdoc cref="ReadHeader(ReadOnlySpan{byte}, PictureKinds)"/>
    /// <param name="file">A seekable stream; it is disposed.</param>
    public static (int Width, int Height) ReadHeader(Stream file)
    {
        using var codec = Known(SKCodec.Create(file), PictureKinds.Web);
        return (codec.Info.Width, codec.Info.Height);
    }

    /// <summary>Reads the size that an image is displayed with, after the EXIF orientation, without decoding it.</summary>
    /// <inheritdoc cref="ReadHeader(Stream)"/>
    public static (int Width, int Height) ReadUprightSize(Stream file)
    {
        var orientationOfPng = ExifOrientation.OfPng(file);
        using var codec = Known(SKCodec.Create(file), PictureKinds.Web);
        return ImageOrientation.UprightSize(codec.Info.Width, codec.Info.Height, Orientation(codec, orientationOfPng));
    }

    /// <summary>Decodes an image file, or the first frame of an animation. Blends transparent pixels with white and applies the EXIF orientation.</summary>
    /// <exception cref="InvalidDataException">The file is not an image of a supported kind, is damaged, or has too many pixels.</exception>
    public static unsafe RgbImage Decode(ReadOnlySpan<byte> file, PictureKinds kinds = PictureKinds.Web)
    {
        fixed (byte* bytes = file)
        {
            using var stream = new UnmanagedMemoryStream(bytes, file.Length);
            using var data = SKData.Create((nint)bytes, file.Length);
            using var codec = Known(SKCodec.Create(data), kinds);
            return Decode(codec, ExifOrientation.OfPng(stream));
        }
    }

    /// <summary>Decodes a PNG, JPEG or WebP file from a stream without copying the file.</summary>
    /// <inheritdoc cref="Decode(ReadOnlySpan{byte}, PictureKinds)"/>
    /// <param name="file">A seekable stream; it is disposed.</param>
    public static RgbImage Decode(Stream file)
    {
        var orientation = ExifOrientation.OfPng(file);
        using var codec = Known(SKCodec.Create(file), PictureKinds.Web);
        return Decode(codec, orientation);
    }

    /// <summary>Decodes a PNG, JPEG or WebP file with its alpha channel, or the first frame of an animation. Applies the EXIF orientation.</summary>
    /// <param name="file">A seekable stream; it is disposed.</param>
    /// <exception cref="InvalidDataException">The file is not an image of a supported kind, is damaged, or has too many pixels.</exception>
    public static RgbaImage DecodeWithAlpha(Stream file)
    {
        var orientationOfPng = ExifOrientation.OfPng(file);
        using var codec = Known(SKCodec.Create(file), PictureKinds.Web);
        using var bitmap = DecodePixels(codec);
        var orientation = Orientation(codec, orientationOfPng);
        var (width, height) = ImageOrientation.UprightSize(bitmap.Width, bitmap.Height, orientation);
        var pixels = ImageOrientation.Upright(bitmap.GetPixelSpan(), bitmap.Width, bitmap.Height, bytesPerPixel: 4, orientation);
        return new RgbaImage(width, height, pixels, hasAlpha: codec.Info.AlphaType != SKAlphaType.Opaque);
    }

    /// <param name="orientationOfPng">The orientation of a PNG file, which the image library does not read.</param>
    private static RgbImage Decode(SKCodec codec, int orientationOfPng)
    {
        using var bitmap = DecodePixels(codec);
        return ImageOrientation.Upright(OnWhite(bitmap), Orientation(codec, orientationOfPng));
    }

    /// <summary>Decodes to four bytes per pixel, with alpha that is not premultiplied.</summary>
    private static SKBitmap DecodePixels(SKCodec codec)
    {
        var layout = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        if ((long)layout.Width * layout.Height > MaxPixels)
        {
            throw new InvalidDataException($"The image has {layout.Width}x{layout.Height} pixels; at most {MaxPixels} can be decoded.");
        }

        var bitmap = new SKBitmap(layout);
        var result = codec.GetPixels(layout, bitmap.GetPixels());
        if (result == SKCodecResult.Success)
        {
            return bitmap;
        }

        bitmap.Dispose();
        throw new InvalidDataException($"The image is damaged ({result}).");
    }

    /// <summary>Returns the EXIF orientation of a file, as a number.</summary>
    private static int Orientation(SKCodec codec, int orientationOfPng) =>
        codec.EncodedFormat == SKEncodedImageFormat.Png ? orientationOfPng : (int)codec.EncodedOrigin; // numbered as in EXIF

    /// <param name="codec">Null if the image library does not recognise the file.</param>
    private static SKCodec Known(SKCodec? codec, PictureKinds kinds)
    {
        if (codec?.EncodedFormat is SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp
            || (kinds == PictureKinds.All && codec?.EncodedFormat is SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp or SKEncodedImageFormat.Ico))
        {
            return codec;
        }

        codec?.Dispose();
        throw new InvalidDataException($"The file is not a {(kinds == PictureKinds.Web ? "PNG, JPEG or WebP" : "PNG, JPEG, WebP, GIF, BMP or ICO")} image.");
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
