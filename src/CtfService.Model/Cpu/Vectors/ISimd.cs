namespace CtfService.Model.Cpu.Vectors;

/// <summary>
/// The operations that kernels need on one hardware vector of floats. Kernels are written once against this interface; the JIT compiles them for each
/// width, and every call becomes one or a few instructions.
/// </summary>
/// <typeparam name="TVector">Vector512, Vector256 or Vector128 of float.</typeparam>
internal unsafe interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>Gets the number of floats in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Gets whether there are 32 vector registers, enough for 16 accumulators and their operands. With 16 registers, 8 accumulators fit.</summary>
    static abstract bool Has32Registers { get; }

    /// <summary>Loads consecutive floats, from any address.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Loads consecutive bfloat16 values and widens them.</summary>
    static abstract TVector LoadBFloat16(ushort* source);

    /// <summary>Loads the first bfloat16 of each pair and widens it.</summary>
    static abstract TVector LoadEvenBFloat16(ushort* pairs);

    /// <summary>Loads the second bfloat16 of each pair and widens it.</summary>
    static abstract TVector LoadOddBFloat16(ushort* pairs);

    /// <summary>Loads consecutive signed bytes and converts them.</summary>
    static abstract TVector LoadInt8(sbyte* source);

    static abstract void Store(TVector value, float* target);

    static abstract TVector Broadcast(float value);

    /// <summary>Returns a * b + c, rounded once on every machine.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    static abstract TVector Max(TVector a, TVector b);

    static abstract TVector Min(TVector a, TVector b);

    /// <summary>Rounds to the nearest integer.</summary>
    static abstract TVector Round(TVector value);

    /// <summary>Returns 2^n for integers n from -126 to 127, by writing the exponent bits.</summary>
    static abstract TVector PowerOfTwo(TVector n);

    /// <summary>Swaps the lanes of each pair: (a, b, c, d, ..) becomes (b, a, d, c, ..).</summary>
    static abstract TVector SwapPairs(TVector value);

    /// <summary>Returns the sum of all lanes: of two halves, each the sum of two halves, down to pairs of neighbors.</summary>
    static abstract float Sum(TVector value);

    /// <summary>Prefetches a cache line into the second-level cache, if the hardware has such an instruction.</summary>
    static abstract void Prefetch(byte* address);
}
