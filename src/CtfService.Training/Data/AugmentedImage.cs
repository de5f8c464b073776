namespace CtfService.Training.Data;

/// <summary>Converts an 8-bit image to the floats that a model reads and applies an augmentation. Thread-safe.</summary>
internal static class AugmentedImage
{
    private const float White = 1;

    /// <param name="source">R, G, B of each pixel in raster order: [H, W, 3].</param>
    /// <param name="target">-1 to 1, channels first: [3, H, W].</param>
    public static void Write(ReadOnlySpan<byte> source, int width, int height, AugmentationDraw draw, Span<float> target)
    {
        Place(source, width, height, draw, target);
        if (draw.Brightness != 1)
        {
            Brighten(target, draw.Brightness);
        }

        if (draw.Blur > 0)
        {
            GaussianBlur.Apply(target, width, height, draw.Blur);
        }

        if (draw.Noise > 0)
        {
            AddNoise(target, draw.Noise, draw.NoiseSeed);
        }
    }

    private static void Place(ReadOnlySpan<byte> source, int width, int height, AugmentationDraw draw, Span<float> target)
    {
        var plane = width * height;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var to = (y * width) + x;
                var (fromX, fromY) = (x - draw.ShiftX, y - draw.ShiftY);
                if ((uint)fromX >= (uint)width || (uint)fromY >= (uint)height)
                {
                    target[to] = target[to + plane] = target[to + (2 * plane)] = White;
                    continue;
                }

                fromX = draw.FlipX ? width - 1 - fromX : fromX;
                fromY = draw.FlipY ? height - 1 - fromY : fromY;
                (fromX, fromY) = draw.QuarterTurns switch // a quarter turn swaps the sides; BatchSampler allows it for square images only
                {
                    1 => (fromY, width - 1 - fromX),
                    2 => (width - 1 - fromX, height - 1 - fromY),
                    3 => (height - 1 - fromY, fromX),
                    _ => (fromX, fromY),
                };
                var from = ((fromY * width) + fromX) * 3;
                target[to] = (source[from] / 127.5f) - 1;
                target[to + plane] = (source[from + 1] / 127.5f) - 1;
                target[to + (2 * plane)] = (source[from + 2] / 127.5f) - 1;
            }
        }
    }

    private static void Brighten(Span<float> pixels, float factor)
    {
        foreach (ref var pixel in pixels)
        {
            pixel = Math.Clamp(((pixel + 1) * factor) - 1, -1, 1);
        }
    }

    private static void AddNoise(Span<float> pixels, float deviation, ulong seed)
    {
        var random = new SplitMix64(seed, 0, 0);
        foreach (ref var pixel in pixels)
        {
            pixel = Math.Clamp(pixel + (2 * deviation * random.NextNormal()), -1, 1); // pixels span 2 here, and the deviation is for 0 to 1
        }
    }
}
