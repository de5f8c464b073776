using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>Lays equal images on one white sheet, in reading order. Thread-safe.</summary>
public static class ContactSheet
{
    private const int DefaultGap = 2;

    /// <summary>Columns of a nearly square sheet, never more rows than columns.</summary>
    public static int Columns(int images) => (int)Math.Ceiling(Math.Sqrt(images));

    /// <summary>Pixels of a sheet of equal images.</summary>
    /// <inheritdoc cref="Compose"/>
    public static (long Width, long Height) Size(int images, int columns, int width, int height, int gap = DefaultGap)
    {
        columns = Math.Min(columns, images);
        var rows = (images + columns - 1) / columns;
        return (((long)columns * (width + gap)) - gap, ((long)rows * (height + gap)) - gap);
    }

    /// <param name="images">At least one; all of the same size.</param>
    /// <param name="columns">Images per row; the last row may be shorter.</param>
    /// <param name="gap">White pixels between two images; none around the sheet.</param>
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
                throw new ArgumentException($"Image {i} is {images[i].Width}x{images[i].Height}, the first is {width}x{height}; a sheet takes equal images.", nameof(images));
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
