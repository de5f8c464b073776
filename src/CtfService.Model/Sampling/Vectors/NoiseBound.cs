namespace CtfService.Model.Sampling.Vectors;

/// <summary>
/// An upper bound of the noise of a word that needs no logarithm. The noise is at most -ln u, and log2 of a float is at least its bits, read as a fixed-point
/// number: log2(m * 2^e) >= e + (m - 1). The bound exceeds the noise by less than 0.4.
/// </summary>
internal static class NoiseBound
{
    /// <summary>No noise is larger.</summary>
    public const float Largest = 22.875f;

    /// <summary>What a bit of a float is worth: ln 2 * 2^-23.</summary>
    public const float PerBit = 8.26295855e-8f;

    /// <summary>(127 + 31) * ln 2, for the bias of the exponent and for 31 bits of the word, and 0.001 for rounding.</summary>
    public const float Offset = 109.51726f + 0.001f;

    /// <summary>Returns the bound as the vector forms compute it.</summary>
    public static float Of(uint word) => Offset - (BitConverter.SingleToInt32Bits((int)(word >> 1)) * PerBit);
}
