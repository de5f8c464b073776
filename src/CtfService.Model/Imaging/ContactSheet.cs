using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>Arranges images of equal size on one white sheet, in reading order. Thread-safe.</summary>
public static class ContactSheet
{
    private const int DefaultGap = 2;

    /// <summary>Returns the number of columns of a nearly square sheet with at most as many rows as columns.</summary>
    public static int Columns(int images) => (int)Math.Ceiling(Math.Sqrt(images));

    /// <summary>Computes the size of a sheet in pixels.</summary>
    /// <inheritdoc cref="Compose"/>
    public static (long Width, long Height) Size(int images, int columns, int width, int height, int gap = DefaultGap)
    {
        columns = Math.Min(columns, images);
        var rows = (images + columns - 1) / columns;
        return (((long)columns * (width + gap)) - gap, ((long)rows * (height + gap)) - gap);
    }

    /// <param name="images">At least one image; all of the same size.</param>
    /// <param name="columns">The number of images per row; the last row may be shorter.</param>
    /// <param name="gap">The number of white pixels between two images; there is no border.</param>
    public static RgbImage Compose(IReadOnlyList<RgbImage> images, int columns, int gap = DefaultGap)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(gap);
        columns = Math.Min(columns, images.Count);
        var (width, height) = (images[0].Width, images[0].Height);
        var size = Size(images.Count, columns, width, height, gap);
        var (sheetWidth, sheetHeight) = (checked((int)size.Width), checked((int)size.Height));
        var sheet = new byte[sheetWidth * sheetHeight * 3];
        Array.Fill(sheet, byte.MaxValue);
        for (var i = 0; i < images.Count; i++)
        {
            if (images[i].Width != width || images[i].Height != height)
            {
                throw new ArgumentException(
                    $"Image {i} is {images[i].Width}x{images[i].Height}, but the first is {width}x{height}; all images of a sheet must have the same size.",
                    nameof(images));
            }

            Paste(images[i], sheet, sheetWidth, left: i % columns * (width + gap), top: i / columns * (height + gap));
        }

        return new RgbImage(sheetWidth, sheetHeight, sheet);
    }

    private static void Paste(RgbImage image, byte[] sheet, int sheetWidth, int left, int top)
    {
        var rowBytes = image.Width * 3;
        for (var row = 0; row < image.Height; row++)
        {
            Array.Copy(image.Pixels, row * rowBytes, sheet, (((top + row) * sheetWidth) + left) * 3, rowBytes);
        }
    }
}
