using System.Runtime.CompilerServices;

namespace CtfService.Model.Sampling;

/// <summary>
/// The logarithm and the exponential that decide which label is drawn. Both are single-precision additions, subtractions, multiplications and divisions in a
/// fixed order, and exact operations on exponents; nothing is fused. IEEE 754 defines the result of each, so machines, vector widths and devices agree to
/// the bit, unlike the functions of their libraries. <see cref="DeviceMath"/> has the same functions for tensors.
/// </summary>
internal static class ReproducibleMath
{
    /// <summary>The logarithm of 2.</summary>
    internal const float Ln2 = 0.69314718f;

    /// <summary>Mantissas are at least this: about sqrt(1/2), so that numbers near 1 have the exponent 0.</summary>
    internal const float LeastMantissa = 0.70710678f;

    /// <summary>1 / ln 2.</summary>
    internal const float Log2E = 1.44269504f;

    /// <summary>The first part of ln 2: its product with an integer below 2^15 is exact.</summary>
    internal const float Ln2High = 0.693359375f;

    /// <summary>The second part of ln 2.</summary>
    internal const float Ln2Low = -2.12194440e-4f;

    /// <summary>A weight of 2^38 means probability 1 before normalization. The weights of 2^24 labels have a sum that a 64-bit integer holds.</summary>
    internal const int WeightBits = 38;

    /// <summary>The lowest argument of the exponential; its weight is 0.</summary>
    internal const float LeastArgument = -30;

    private const uint MantissaMask = 0x7FFFFF;
    private const uint HalfBits = 0x3F000000;
    private const int ExponentBias = 126;

    /// <summary>
    /// Returns the natural logarithm of a positive normal number, with a relative error of at most 3 * 2^-24: with y = m * 2^e, f = m - 1 and s = f / (2 + f),
    /// ln m = 2 artanh s = f - s (f - R), where R = 2/3 s^2 + 2/5 s^4 + ... (the form of fdlibm, Sun 1993, with the terms of the series itself).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Log(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var exponent = (int)(bits >> 23) - ExponentBias;
        var mantissa = BitConverter.UInt32BitsToSingle((bits & MantissaMask) | HalfBits); // from 1/2 to 1
        if (mantissa < LeastMantissa)
        {
            mantissa += mantissa;
            exponent--;
        }

        var f = mantissa - 1; // exact
        var s = f / (f + 2);
        var square = s * s;
        var series = square * ((2f / 3) + (square * ((2f / 5) + (square * ((2f / 7) + (square * (2f / 9)))))));
        return (exponent * Ln2) + (f - (s * (f - series)));
    }

    /// <summary>
    /// Returns e^x as a multiple of 2^-38, rounded down: x = n ln 2 + r, and the series of e^r up to r^7. Sums of integers do not depend on their order.
    /// </summary>
    /// <param name="x">At most 0; minus infinity gives 0.</param>
    public static long Weight(float x)
    {
        var clamped = Math.Max(x, LeastArgument);
        var n = MathF.Round(clamped * Log2E); // to even, as in libtorch
        var r = (clamped - (n * Ln2High)) - (n * Ln2Low);
        var series = 1f / 5040;
        foreach (var coefficient in (ReadOnlySpan<float>)[1f / 720, 1f / 120, 1f / 24, 1f / 6, 1f / 2, 1, 1])
        {
            series = (series * r) + coefficient;
        }

        return (long)(series * (1L << WeightBits)) >> -(int)n;
    }
}
