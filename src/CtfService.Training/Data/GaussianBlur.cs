namespace CtfService.Training.Data;

/// <summary>Blurs an image in place with a separable Gaussian; border pixels are repeated outwards.</summary>
internal static class GaussianBlur
{
    /// <param name="pixels">[3, H, W]</param>
    /// <param name="deviation">Standard deviation, pixels.</param>
    public static void Apply(Span<float> pixels, int width, int height, float deviation)
    {
        var kernel = Kernel(deviation);
        var line = new float[Math.Max(width, height)];
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = pixels.Slice(channel * width * height, width * height);
            for (var y = 0; y < height; y++)
            {
                Filter(plane[(y * width)..], width, 1, kernel, line);
            }

            for (var x = 0; x < width; x++)
            {
                Filter(plane[x..], height, width, kernel, line);
            }
        }
    }

    /// <summary>Returns the weights from the centre outwards; the full kernel sums to one.</summary>
    private static float[] Kernel(float deviation)
    {
        var radius = Math.Max(1, (int)MathF.Ceiling(2.5f * deviation));
        var weights = Enumerable.Range(0, radius + 1).Select(distance => MathF.Exp(-distance * distance / (2 * deviation * deviation))).ToArray();
        var sum = (2 * weights.Sum()) - weights[0];
        return [.. weights.Select(weight => weight / sum)];
    }

    private static void Filter(Span<float> plane, int count, int stride, float[] kernel, float[] line)
    {
        for (var i = 0; i < count; i++)
        {
            line[i] = plane[i * stride];
        }

        for (var i = 0; i < count; i++)
        {
            var sum = kernel[0] * line[i];
            for (var distance = 1; distance < kernel.Length; distance++)
            {
                sum += kernel[distance] * (line[Math.Max(i - distance, 0)] + line[Math.Min(i + distance, count - 1)]);
            }

            plane[i * stride] = sum;
        }
    }
}
