namespace CtfService.Training.Data;

/// <summary>
/// Random numbers that are a pure function of (seed, stream, item): SplitMix64 (Steele, Lea, Flood 2014) started at their hash. Nothing
/// has to be saved to go on from a later step.
/// </summary>
internal struct SplitMix64(ulong seed, ulong stream, ulong item)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private ulong _state = Mix(Mix(Mix(seed + Gamma) ^ stream) + item);

    public ulong NextBits()
    {
        _state += Gamma;
        return Mix(_state);
    }

    /// <summary>0 (inclusive) to 1 (exclusive).</summary>
    public float NextUnit() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>-1 to 1.</summary>
    public float NextSigned() => (2 * NextUnit()) - 1;

    public bool NextBool() => (NextBits() >> 63) != 0;

    /// <summary>0 to <paramref name="count"/> - 1; the multiply-shift of Lemire 2019 without its rejection step (bias below count / 2^64).</summary>
    public int NextBelow(int count) => (int)Math.BigMul(NextBits(), (ulong)count, out _);

    /// <summary>
    /// Close to a standard normal: the sum of four uniforms (Irwin-Hall), scaled to variance 1. One draw of bits, no logarithm; the tails
    /// end at 3.46.
    /// </summary>
    public float NextNormal()
    {
        const float deviation = 37837.2f; // of the sum of four uniforms over 0..65535: sqrt(4 * (65536^2 - 1) / 12)
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
