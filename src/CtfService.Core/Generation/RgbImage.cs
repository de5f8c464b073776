namespace CtfService.Core.Generation;

/// <summary>8-bit RGB pixels, rows from top to bottom, three bytes a pixel, no padding.</summary>
public sealed class RgbImage
{
    /// <exception cref="ArgumentException">The array does not hold width * height * 3 bytes.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != width * height * 3)
        {
            throw new ArgumentException($"A {width}x{height} RGB image takes {width * height * 3} bytes, not {pixels.Length}.", nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>R, G, B of each pixel in raster order. Not copied: whoever holds it must not write to it.</summary>
    public byte[] Pixels { get; }
}
