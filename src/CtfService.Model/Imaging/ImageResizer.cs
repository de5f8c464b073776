using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>
/// Resizes images to the size of a model: scales them to cover it and crops the rest evenly. Lanczos-3 with a wider support for downscaling
/// (as in Pillow), so that fine detail is averaged instead of aliased. Thread-safe.
/// </summary>
public static class ImageResizer
{
    private const int Lobes = 3;

    /// <summary>Fits the shorter side (relative to the target) and keeps the centre of the other. Returns an image of the target size unchanged.</summary>
    public static RgbImage Cover(RgbImage image, int width, int height)
    {
        var scale = CoverScale.Of(image.Width, image.Height, width, height).Value;
        if (image.Width == width && image.Height == height)
        {
            return image;
        }

        var columns = Taps(image.Width, width, scale);
        var rows = Taps(image.Height, height, scale);
        var (top, bottom) = (rows[0].Start, rows[^1].Start + rows[^1].Weights.Length);
        return new RgbImage(width, height, Columns(Rows(image, columns, top, bottom), top, width, rows));
    }

    /// <summary>Returns for each target position the first source pixel and the weights of the source pixels, which sum to one.</summary>
    private static (int Start, float[] Weights)[] Taps(int sourceSide, int targetSide, double scale)
    {
        var margin = (sourceSide - (targetSide * scale)) / 2;
        var stretch = Math.Max(scale, 1); // upscaling keeps the width of the filter
        var taps = new (int, float[])[targetSide];
        for (var target = 0; target < targetSide; target++)
        {
            var centre = margin + ((target + 0.5) * scale);
            var start = Math.Max((int)Math.Floor(centre - (Lobes * stretch)), 0);
            var end = Math.Min((int)Math.Ceiling(centre + (Lobes * stretch)), sourceSide);
            var weights = Enumerable.Range(start, end - start).Select(source => Lanczos((source + 0.5 - centre) / stretch)).ToArray();
            var sum = weights.Sum();
            taps[target] = (start, [.. weights.Select(weight => (float)(weight / sum))]);
        }

        return taps;
    }

    private static double Lanczos(double distance)
    {
        if (Math.Abs(distance) < 1e-9)
        {
            return 1;
        }

        var angle = Math.PI * distance;
        return Math.Abs(distance) >= Lobes ? 0 : Lobes * Math.Sin(angle) * Math.Sin(angle / Lobes) / (angle * angle);
    }

    /// <summary>Filters each row from top to bottom to the target width. Rows outside the crop are skipped.</summary>
    private static float[] Rows(RgbImage image, (int Start, float[] Weights)[] taps, int top, int bottom)
    {
        var filtered = new float[(bottom - top) * taps.Length * 3];
        for (var y = top; y < bottom; y++)
        {
            for (var x = 0; x < taps.Length; x++)
            {
                var (start, weights) = taps[x];
                var target = filtered.AsSpan((((y - top) * taps.Length) + x) * 3, 3);
                var source = ((y * image.Width) + start) * 3;
                foreach (var weight in weights)
                {
                    target[0] += weight * image.Pixels[source];
                    target[1] += weight * image.Pixels[source + 1];
                    target[2] += weight * image.Pixels[source + 2];
                    source += 3;
                }
            }
        }

        return filtered;
    }

    /// <summary>Filters each column and rounds to bytes.</summary>
    /// <param name="top">The row of the image that the source starts with.</param>
    private static byte[] Columns(float[] source, int top, int width, (int Start, float[] Weights)[] taps)
    {
        var stride = width * 3;
        var pixels = new byte[taps.Length * stride];
        for (var y = 0; y < taps.Length; y++)
        {
            var (start, weights) = taps[y];
            for (var x = 0; x < stride; x++)
            {
                var sum = 0f;
                for (var tap = 0; tap < weights.Length; tap++)
                {
                    sum += weights[tap] * source[((start - top + tap) * stride) + x];
                }

                pixels[(y * stride) + x] = (byte)Math.Clamp(MathF.Round(sum), byte.MinValue, byte.MaxValue);
            }
        }

        return pixels;
    }
}
