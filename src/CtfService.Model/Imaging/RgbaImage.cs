using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>An image of 8-bit RGB pixels with alpha, not premultiplied: rows from top to bottom, four bytes per pixel, no padding.</summary>
public sealed class RgbaImage
{
    /// <summary>Pixels with a lower alpha count as transparent.</summary>
    public const byte LeastOpaque = 128;

    /// <param name="hasAlpha">False if the file has no alpha channel, so that every pixel is opaque.</param>
    /// <exception cref="ArgumentException">The array does not contain width * height * 4 bytes.</exception>
    public RgbaImage(int width, int height, byte[] pixels, bool hasAlpha)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.LongLength != (long)width * height * 4)
        {
            throw new ArgumentException($"A {width}x{height} RGBA image needs {(long)width * height * 4} bytes, not {pixels.Length}.", nameof(pixels));
        }

        (Width, Height, Pixels, HasAlpha) = (width, height, pixels, hasAlpha);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>R, G, B and alpha of each pixel in raster order. Not copied; must not be written to.</summary>
    public byte[] Pixels { get; }

    /// <summary>False if the file has no alpha channel.</summary>
    public bool HasAlpha { get; }

    /// <summary>Returns whether the alpha of a pixel is below <see cref="LeastOpaque"/>.</summary>
    /// <param name="pixel">Index in raster order.</param>
    public bool IsTransparent(int pixel) => Pixels[(pixel * 4) + 3] < LeastOpaque;

    /// <summary>Returns whether any pixel is transparent.</summary>
    public bool HasTransparentPixels()
    {
        for (var pixel = 0; HasAlpha && pixel < Width * Height; pixel++)
        {
            if (IsTransparent(pixel))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Returns the transparent pixels as a mask of another size, in the geometry of <see cref="ImageResizer.Cover"/>: a pixel of the mask is edited if any
    /// pixel that it covers, wholly or in part, is transparent.
    /// </summary>
    public EditMask CoverMask(int width, int height)
    {
        var scale = CoverScale.Of(Width, Height, width, height);
        var (columns, rows) = (scale.Covered(Width, width), scale.Covered(Height, height));
        var edited = new bool[width * height];
        var line = new bool[Width];
        for (var row = 0; row < height; row++)
        {
            Array.Clear(line);
            for (var y = rows[row].Start.Value; y < rows[row].End.Value; y++)
            {
                AddTransparent(line, y);
            }

            for (var column = 0; column < width; column++)
            {
                edited[(row * width) + column] = line.AsSpan(columns[column]).Contains(true);
            }
        }

        return new EditMask(width, height, edited);
    }

    private void AddTransparent(bool[] line, int y)
    {
        for (var x = 0; x < line.Length; x++)
        {
            line[x] |= IsTransparent((y * Width) + x);
        }
    }
}
