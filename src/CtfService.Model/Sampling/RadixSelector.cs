namespace CtfService.Model.Sampling;

/// <summary>
/// Finds the k-th highest of some numbers by radix selection, without sorting. Floats are mapped to keys that compare like unsigned integers. The keys are
/// counted by their upper 11 bits, then those of the bucket that holds the k-th by the next 11, then by the last 10. Does not allocate. Not thread-safe.
/// </summary>
/// <param name="capacity">The largest number of values.</param>
internal sealed class RadixSelector(int capacity)
{
    private const int BucketBits = 11;

    private readonly uint[] _keys = new uint[capacity];
    private readonly int[] _counts = new int[1 << BucketBits];

    /// <summary>Returns the value of a rank.</summary>
    /// <param name="values">Any values but NaN.</param>
    /// <param name="rank">1 for the highest, up to the number of values.</param>
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
                return ToValue(_keys[0]); // all remaining keys are equal
            }
        }
    }

    /// <summary>Returns the bucket that holds the rank, and makes the rank relative to the bucket.</summary>
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

    /// <summary>Moves the keys of a bucket to the front.</summary>
    /// <returns>The number of keys in the bucket.</returns>
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

    /// <summary>
    /// Returns the 11 bits above <paramref name="shift"/>. In the last round the top bit was part of the round before; all candidates share it.
    /// </summary>
    private static int BucketOf(uint key, int shift) => (int)((key >> shift) & ((1u << BucketBits) - 1));

    /// <summary>Maps a float to a key of the same order: negative numbers have all bits flipped, the others only the sign bit.</summary>
    private static uint ToKey(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }

    private static float ToValue(uint key) => BitConverter.UInt32BitsToSingle((key & 0x80000000) != 0 ? key & 0x7FFFFFFF : ~key);
}
