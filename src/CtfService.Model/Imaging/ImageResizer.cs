using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>
/// Brings images to a model's size: scaled to cover it, the rest cropped evenly. Lanczos-3 with the support widened when shrinking
/// (as Pillow does it), so that fine detail averages out instead of aliasing. Thread-safe.
/// </summary>
public static class ImageResizer
{
    private const int Lobes = 3;

    /// <summary>The shorter side (relative to the target) fits exactly, the centre of the other is kept. Same size: the image itself.</summary>
    public static RgbImage Cover(RgbImage image, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (image.Width == width && image.Height == height)
        {
            return image;
        }

        var scale = Math.Min(image.Width / (double)width, image.Height / (double)height); // source pixels per target pixel
        var columns = Taps(image.Width, width, scale);
        var rows = Taps(image.Height, height, scale);
        var (top, bottom) = (rows[0].Start, rows[^1].Start + rows[^1].Weights.Length);
        return new RgbImage(width, height, Columns(Rows(image, columns, top, bottom), top, width, rows));
    }

    /// <summary>For each target position: where its source pixels start and the weight of each, summing to one.</summary>
    private static (int Start, float[] Weights)[] Taps(int sourceSide, int targetSide, double scale)
    {
        var margin = (sourceSide - (targetSide * scale)) / 2;
        var stretch = Math.Max(scale, 1); // enlarging keeps the filter's own width
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

    /// <summary>Filters along each row from top to bottom: target width. Rows that are cropped away cost nothing, however tall the image.</summary>
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

    /// <summary>Filters along each column and rounds to bytes.</summary>
    /// <param name="top">The image's row that the source begins with.</param>
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
