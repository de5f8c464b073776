namespace CtfService.Model.Sampling;

/// <summary>
/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC '11): a keyed bijection of
/// 128-bit counters, so any number of any stream can be computed without those before it.
/// </summary>
internal static class Philox4x32
{
    internal const int Rounds = 10;

    // The multipliers of the paper, and the Weyl increments of the key: golden ratio and sqrt(3) - 1.
    internal const uint Multiplier0 = 0xD2511F53;
    internal const uint Multiplier1 = 0xCD9E8D57;
    internal const uint KeyIncrement0 = 0x9E3779B9;
    internal const uint KeyIncrement1 = 0xBB67AE85;

    /// <summary>Returns the four numbers of a counter (x, y, z, w).</summary>
    public static (uint X, uint Y, uint Z, uint W) Block(uint key0, uint key1, uint x, uint y = 0, uint z = 0, uint w = 0)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var product0 = (ulong)Multiplier0 * x;
            var product1 = (ulong)Multiplier1 * z;
            (x, y, z, w) = ((uint)(product1 >> 32) ^ y ^ key0, (uint)product1, (uint)(product0 >> 32) ^ w ^ key1, (uint)product0);
            key0 = unchecked(key0 + KeyIncrement0);
            key1 = unchecked(key1 + KeyIncrement1);
        }

        return (x, y, z, w);
    }

    /// <summary>Fills a span with the two keys of each round, each in the lower half of a number.</summary>
    /// <param name="keys">[20].</param>
    public static void FillKeys(ulong seed, Span<ulong> keys)
    {
        var (key0, key1) = ((uint)seed, (uint)(seed >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            (keys[2 * round], keys[(2 * round) + 1]) = (key0, key1);
            key0 = unchecked(key0 + KeyIncrement0);
            key1 = unchecked(key1 + KeyIncrement1);
        }
    }
}
