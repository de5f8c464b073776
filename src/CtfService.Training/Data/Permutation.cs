using System.Numerics;

namespace CtfService.Training.Data;

/// <summary>
/// A permutation of 0..count-1 whose elements are computed one at a time: a four-round Feistel network on the next even power of two with cycle walking
/// (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
/// </summary>
internal static class Permutation
{
    private const int Rounds = 4;

    /// <summary>Returns element <paramref name="index"/> of permutation number <paramref name="shuffle"/>.</summary>
    public static int At(ulong seed, ulong shuffle, int index, int count)
    {
        var halfBits = Math.Max(1, (BitOperations.Log2((uint)Math.Max(count - 1, 1)) / 2) + 1);
        var place = (uint)index;
        do
        {
            place = Encipher(seed, shuffle, place, halfBits);
        }
        while (place >= count);
        return (int)place;
    }

    private static uint Encipher(ulong seed, ulong shuffle, uint place, int halfBits)
    {
        var mask = (1u << halfBits) - 1;
        var (left, right) = (place >> halfBits, place & mask);
        for (uint round = 0; round < Rounds; round++)
        {
            var key = new SplitMix64(seed, shuffle, ((ulong)round << 32) | right);
            (left, right) = (right, left ^ ((uint)key.NextBits() & mask));
        }

        return (left << halfBits) | right;
    }
}
