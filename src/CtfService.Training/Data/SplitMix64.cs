namespace CtfService.Training.Data;

/// <summary>
/// Pseudo-random numbers as a pure function of (seed, stream, item): SplitMix64 (Steele, Lea, Flood 2014) started at their hash. A resumed run needs no saved
/// state.
/// </summary>
internal struct SplitMix64(ulong seed, ulong stream, ulong item)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private ulong _state = Mix(Mix(Mix(seed + Gamma) ^ stream) + item);

    /// <summary>Returns 64 random bits.</summary>
    public ulong NextBits()
    {
        _state += Gamma;
        return Mix(_state);
    }

    /// <summary>Returns a number from 0 (inclusive) to 1 (exclusive).</summary>
    public float NextUnit() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>Returns a number from -1 (inclusive) to 1 (exclusive).</summary>
    public float NextSigned() => (2 * NextUnit()) - 1;

    public bool NextBool() => (NextBits() >> 63) != 0;

    /// <summary>
    /// Returns an integer from 0 to <paramref name="count"/> - 1: multiply-shift of Lemire 2019 without its rejection step (bias below count / 2^64).
    /// </summary>
    public int NextBelow(int count) => (int)Math.BigMul(NextBits(), (ulong)count, out _);

    /// <summary>
    /// Returns an approximately standard normal number: the sum of four uniforms (Irwin-Hall), scaled to variance 1. Uses 64 bits and no logarithm; the tails
    /// end at 3.46.
    /// </summary>
    public float NextNormal()
    {
        const float deviation = 37837.2f; // of the sum of four uniforms on 0..65535: sqrt(4 * (65536^2 - 1) / 12)
        var bits = NextBits();
        var sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
        return (sum - (2f * 0xFFFF)) / deviation;
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
