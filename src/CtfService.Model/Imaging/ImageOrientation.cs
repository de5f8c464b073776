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

        var (width, height) = orientation >= 5 ? (image.Height, image.Width) : (image.Width, image.Height);
        var pixels = new byte[image.Pixels.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (sourceX, sourceY) = Source(x, y, image.Width - 1, image.Height - 1, orientation);
                image.Pixels.AsSpan(((sourceY * image.Width) + sourceX) * 3, 3).CopyTo(pixels.AsSpan(((y * width) + x) * 3));
            }
        }

        return new RgbImage(width, height, pixels);
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
