namespace CtfService.Model.Sampling;

/// <summary>
/// The Gumbel noise of the labels of a draw. Label v takes word v mod 4 of the Philox block with the counter (position, stage, v / 4, 1) and the seed as key.
/// The words determine the labels that a seed gives: never change them, nor the order of any operation here.
/// </summary>
public static class GumbelNoise
{
    /// <summary>The last counter of the noise; that of <see cref="CounterRandom"/> is 0, so the two streams have no block in common.</summary>
    internal const uint Stream = 1;

    /// <summary>Fills a span with the noise of labels 0, 1, ...</summary>
    public static void Fill(LabelDraw draw, Span<float> noise)
    {
        for (var label = 0; label < noise.Length; label++)
        {
            noise[label] = OfLabel(draw, label);
        }
    }

    /// <summary>Returns the noise of one label.</summary>
    public static float OfLabel(LabelDraw draw, int label)
    {
        var (first, second, third, fourth) = Philox4x32.Block(
            (uint)draw.Seed, (uint)(draw.Seed >> 32), (uint)draw.Position, (uint)draw.Stage, (uint)label / 4, Stream);
        return OfWord((label % 4) switch { 0 => first, 1 => second, 2 => third, _ => fourth });
    }

    /// <summary>
    /// Returns -ln(-ln(1 - u)) for u = (word + 1/2) * 2^-32, from -3.14 to 22.88, with an error of at most 1e-6 + 2^-23 times the noise. Small u give the large
    /// noise that decides draws, so u and 1 - u are both rounded from the word itself, and the relative error of -ln(1 - u) stays small (Kahan's form:
    /// ln w * u / (1 - w) for the rounded w).
    /// </summary>
    public static float OfWord(uint word)
    {
        float high = word >> 16;
        float low = word & 0xFFFF;
        var u = (high * Scale16) + ((low + 0.5f) * Scale32);                // one rounding: the products are exact
        var w = ((65535 - high) * Scale16) + ((65535.5f - low) * Scale32); // 1 - u
        var exponential = w == 1 ? u : -ReproducibleMath.Log(w) * (u / (1 - w));
        return -ReproducibleMath.Log(exponential);
    }

    /// <summary>2^-16.</summary>
    internal const float Scale16 = 1f / (1 << 16);

    /// <summary>2^-32.</summary>
    internal const float Scale32 = Scale16 * Scale16;
}
