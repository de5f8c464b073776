namespace CtfService.Model.Sampling.Vectors;

/// <summary>
/// The operations that the search needs on one hardware vector of 64-bit lanes. Each lane has one counter of Philox; its words are in the lower halves, and
/// what is in the upper halves does not matter.
/// </summary>
/// <typeparam name="TVector">Vector512, Vector256 or Vector128 of ulong.</typeparam>
internal unsafe interface IWordSimd<TVector>
    where TVector : struct
{
    /// <summary>Gets the number of lanes. A vector of floats has twice as many.</summary>
    static abstract int Lanes { get; }

    /// <summary>Gets the counters 0, 1, .. in the order of lanes after which <see cref="InterleaveLower"/> gives words in the order of labels.</summary>
    static abstract TVector Counters { get; }

    static abstract TVector Broadcast(ulong value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>Returns the 64-bit products of the lower halves.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>Returns the upper halves.</summary>
    static abstract TVector Upper(TVector value);

    /// <summary>Returns the lower halves of a, each followed by the lower half of b.</summary>
    static abstract TVector Pair(TVector a, TVector b);

    /// <summary>Interleaves the even lanes of a and b.</summary>
    static abstract TVector InterleaveLower(TVector a, TVector b);

    /// <summary>Interleaves the odd lanes of a and b.</summary>
    static abstract TVector InterleaveUpper(TVector a, TVector b);

    /// <summary>Returns a bit for each float that is at least the limit.</summary>
    static abstract uint AtLeast(float* values, float limit);

    /// <summary>Returns a bit for each value whose sum with <see cref="NoiseBound"/> of its word is at least the limit.</summary>
    static abstract uint SumsAtLeast(float* values, TVector words, float limit);

    static abstract void Store(TVector words, uint* target);
}
