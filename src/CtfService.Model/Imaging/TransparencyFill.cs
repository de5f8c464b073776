using CtfService.Core.Generation;

namespace CtfService.Model.Imaging;

/// <summary>
/// Replaces the colours of transparent pixels, which mean nothing, by those of the nearest opaque ones, so that scaling and encoding see only the picture.
/// Thread-safe.
/// </summary>
public static class TransparencyFill
{
    /// <summary>
    /// Spreads the colours breadth-first, in steps to the left, right, top and bottom, so that each pixel gets the colour of a nearest one. Depends on the
    /// image alone; takes time in proportion to its pixels, and up to eight bytes for each. Opaque pixels keep their colour; white if there are none.
    /// </summary>
    public static RgbImage Fill(RgbaImage image)
    {
        var colors = new byte[image.Width * image.Height * 3];
        Array.Fill(colors, byte.MaxValue);
        var isKnown = new bool[image.Width * image.Height];
        var unknown = 0;
        for (var pixel = 0; pixel < isKnown.Length; pixel++)
        {
            isKnown[pixel] = !image.IsTransparent(pixel);
            unknown += isKnown[pixel] ? 0 : 1;
            if (isKnown[pixel])
            {
                image.Pixels.AsSpan(pixel * 4, 3).CopyTo(colors.AsSpan(pixel * 3));
            }
        }

        new Spreading(image, colors, isKnown, unknown).Run();
        return new RgbImage(image.Width, image.Height, colors);
    }

    /// <summary>One fill while it runs.</summary>
    /// <param name="unknown">The number of pixels without a colour.</param>
    private sealed class Spreading(RgbaImage image, byte[] colors, bool[] isKnown, int unknown)
    {
        private readonly int[] _reached = new int[unknown]; // in the order of their distance
        private int _count;

        public void Run()
        {
            for (var pixel = 0; _reached.Length > 0 && pixel < isKnown.Length; pixel++)
            {
                if (!image.IsTransparent(pixel))
                {
                    Spread(pixel);
                }
            }

            for (var next = 0; next < _count; next++)
            {
                Spread(_reached[next]);
            }
        }

        private void Spread(int pixel)
        {
            var (y, x) = Math.DivRem(pixel, image.Width);
            Reach(pixel, pixel - 1, isInside: x > 0);
            Reach(pixel, pixel + 1, isInside: x < image.Width - 1);
            Reach(pixel, pixel - image.Width, isInside: y > 0);
            Reach(pixel, pixel + image.Width, isInside: y < image.Height - 1);
        }

        private void Reach(int from, int to, bool isInside)
        {
            if (isInside && !isKnown[to])
            {
                isKnown[to] = true;
                colors.AsSpan(from * 3, 3).CopyTo(colors.AsSpan(to * 3));
                _reached[_count++] = to;
            }
        }
    }
}
