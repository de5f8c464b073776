using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>Joins an edit with its picture: pixels outside the mask stay as they are, byte for byte, and a seam of a few pixels inside it fades over.</summary>
public static class EditSeam
{
    /// <summary>The seam is this part of the shorter side.</summary>
    private const int SidePerSeam = 32;

    private const int LeastWidth = 2;

    /// <summary>Returns the width of the seam in pixels.</summary>
    public static int WidthOf(int imageWidth, int imageHeight) => Math.Max(LeastWidth, Math.Min(imageWidth, imageHeight) / SidePerSeam);

    /// <summary>
    /// Blends a drawn image into a picture. The share of the drawn pixel is d / (w + 1) at distance d from the nearest kept pixel, at most 1; w is the width of
    /// the seam.
    /// </summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static RgbImage Blend(RgbImage picture, RgbImage drawn, EditMask mask)
    {
        if ((picture.Width, picture.Height) != (drawn.Width, drawn.Height) || (picture.Width, picture.Height) != (mask.Width, mask.Height))
        {
            throw new ArgumentException(
                $"The picture is {picture.Width}x{picture.Height}, the drawn image {drawn.Width}x{drawn.Height} and the mask {mask.Width}x{mask.Height}; "
                + "expected one size.",
                nameof(drawn));
        }

        var whole = WidthOf(picture.Width, picture.Height) + 1;
        var distances = Distances(mask, whole);
        var pixels = new byte[picture.Pixels.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            var share = distances[i / 3];
            pixels[i] = (byte)(((picture.Pixels[i] * (whole - share)) + (drawn.Pixels[i] * share) + (whole / 2)) / whole);
        }

        return new RgbImage(picture.Width, picture.Height, pixels);
    }

    /// <summary>
    /// Returns the distance of each pixel from the nearest kept one, at most a limit, [H, W]. Diagonal neighbours are at distance 1 (chessboard distance), so
    /// that one pass in each direction finds it (Rosenfeld and Pfaltz 1966).
    /// </summary>
    private static int[] Distances(EditMask mask, int limit)
    {
        var (width, height) = (mask.Width, mask.Height);
        var distances = new int[width * height];
        for (var pixel = 0; pixel < distances.Length; pixel++)
        {
            distances[pixel] = mask.Edited[pixel] ? limit : 0;
        }

        for (var pixel = 0; pixel < distances.Length; pixel++)
        {
            Lower(distances, pixel, width, height, direction: -1);
        }

        for (var pixel = distances.Length - 1; pixel >= 0; pixel--)
        {
            Lower(distances, pixel, width, height, direction: 1);
        }

        return distances;
    }

    /// <summary>Lowers the distance of a pixel to one more than that of its neighbours above and left, or below and right.</summary>
    /// <param name="direction">-1: above and left; 1: below and right.</param>
    private static void Lower(int[] distances, int pixel, int width, int height, int direction)
    {
        var (y, x) = Math.DivRem(pixel, width);
        Consider(x + direction, y);
        for (var beside = -1; beside <= 1; beside++)
        {
            Consider(x + beside, y + direction);
        }

        void Consider(int neighbourX, int neighbourY)
        {
            if (neighbourX >= 0 && neighbourX < width && neighbourY >= 0 && neighbourY < height)
            {
                distances[pixel] = Math.Min(distances[pixel], distances[(neighbourY * width) + neighbourX] + 1);
            }
        }
    }
}
