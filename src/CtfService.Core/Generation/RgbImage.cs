namespace CtfService.Core.Generation;

/// <summary>An image of 8-bit RGB pixels: rows from top to bottom, three bytes per pixel, no padding.</summary>
public sealed class RgbImage
{
    /// <exception cref="ArgumentException">The array does not contain width * height * 3 bytes.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != width * height * 3)
        {
            throw new ArgumentException($"A {width}x{height} RGB image needs {width * height * 3} bytes, not {pixels.Length}.", nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>R, G and B of each pixel in raster order. Not copied; must not be written to.</summary>
    public byte[] Pixels { get; }
}
