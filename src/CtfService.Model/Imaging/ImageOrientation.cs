using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>Applies the EXIF orientation: cameras store images as the sensor saw them, and EXIF says how to display them.</summary>
internal static class ImageOrientation
{
    /// <param name="orientation">EXIF tag 0x0112, 1..8 (Exif 2.32, 4.6.4); 1 and all other values are upright.</param>
    public static RgbImage Upright(RgbImage image, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return image;
        }

        var (width, height) = UprightSize(image.Width, image.Height, orientation);
        return new RgbImage(width, height, Upright(image.Pixels, image.Width, image.Height, bytesPerPixel: 3, orientation));
    }

    /// <summary>Returns the size of an image after its orientation has been applied.</summary>
    public static (int Width, int Height) UprightSize(int width, int height, int orientation) =>
        orientation is >= 5 and <= 8 ? (height, width) : (width, height);

    /// <summary>Returns a copy of the pixels of an image, in raster order of the upright one.</summary>
    /// <param name="width">Width of the image as it is stored.</param>
    /// <param name="height">Height of the image as it is stored.</param>
    public static byte[] Upright(ReadOnlySpan<byte> stored, int width, int height, int bytesPerPixel, int orientation)
    {
        if (orientation is < 2 or > 8)
        {
            return stored.ToArray();
        }

        var (uprightWidth, uprightHeight) = UprightSize(width, height, orientation);
        var pixels = new byte[stored.Length];
        for (var y = 0; y < uprightHeight; y++)
        {
            for (var x = 0; x < uprightWidth; x++)
            {
                var (sourceX, sourceY) = Source(x, y, width - 1, height - 1, orientation);
                stored.Slice(((sourceY * width) + sourceX) * bytesPerPixel, bytesPerPixel).CopyTo(pixels.AsSpan(((y * uprightWidth) + x) * bytesPerPixel));
            }
        }

        return pixels;
    }

    private static (int X, int Y) Source(int x, int y, int right, int bottom, int orientation) => orientation switch
    {
        2 => (right - x, y),          // mirrored
        3 => (right - x, bottom - y), // upside down
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),         // rotated left: the top of the sensor is the right side
        7 => (right - y, bottom - x),
        _ => (right - y, x),          // 8: rotated right
    };
}
