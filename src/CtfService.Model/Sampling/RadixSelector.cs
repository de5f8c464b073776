namespace CtfService.Model.Sampling;

/// <summary>
/// Finds the k-th highest of some numbers without sorting them: numbers whose bits order like unsigned integers are counted by their upper 11 bits, then those
/// of the one bucket that holds the k-th by the next 11, then the last 10 (radix selection). No allocation. One thread at a time.
/// </summary>
/// <param name="capacity">Most numbers.</param>
internal sealed class RadixSelector(int capacity)
{
    private const int BucketBits = 11;

    private readonly uint[] _keys = new uint[capacity];
    private readonly int[] _counts = new int[1 << BucketBits];

    /// <param name="values">No NaN.</param>
    /// <param name="rank">1 is the highest; at most the number of values.</param>
    public float Find(ReadOnlySpan<float> values, int rank)
    {
        for (var i = 0; i < values.Length; i++)
        {
            _keys[i] = ToKey(values[i]);
        }

        var candidates = values.Length;
        for (var shift = 32 - BucketBits; ; shift = Math.Max(0, shift - BucketBits))
        {
            var bucket = FindBucket(_keys.AsSpan(0, candidates), shift, ref rank);
            candidates = KeepBucket(_keys.AsSpan(0, candidates), shift, bucket);
            if (shift == 0)
            {
                return ToValue(_keys[0]); // all that are left are equal
            }
        }
    }

    /// <summary>The bucket of the number of this rank; the rank becomes the one inside the bucket.</summary>
    private int FindBucket(ReadOnlySpan<uint> keys, int shift, ref int rank)
    {
        Array.Clear(_counts);
        foreach (var key in keys)
        {
            _counts[BucketOf(key, shift)]++;
        }

        var bucket = _counts.Length - 1;
        while (_counts[bucket] < rank)
        {
            rank -= _counts[bucket--];
        }

        return bucket;
    }

    private static int KeepBucket(Span<uint> keys, int shift, int bucket)
    {
        var kept = 0;
        foreach (var key in keys)
        {
            if (BucketOf(key, shift) == bucket)
            {
                keys[kept++] = key;
            }
        }

        return kept;
    }

    /// <summary>In the last round a bit of the round before counts again, which all candidates share.</summary>
    private static int BucketOf(uint key, int shift) => (int)((key >> shift) & ((1u << BucketBits) - 1));

    /// <summary>Negative numbers order backwards by their bits: all bits flipped; the others only get above them.</summary>
    private static uint ToKey(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }

    private static float ToValue(uint key) => BitConverter.UInt32BitsToSingle((key & 0x80000000) != 0 ? key & 0x7FFFFFFF : ~key);
}
