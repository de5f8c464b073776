namespace CtfService.Model.Cpu.Vectors;

/// <summary>
/// What the kernels need of one hardware vector of floats. They are written once against it; the runtime compiles them for each width, and every call
/// becomes one or a few instructions.
/// </summary>
/// <typeparam name="TVector">Vector512, Vector256 or Vector128 of float.</typeparam>
internal unsafe interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Whether 16 sums stay in registers beside the operands; with 16 registers only 8 do.</summary>
    static abstract bool Has32Registers { get; }

    static abstract TVector Load(float* source);

    /// <summary>Consecutive bfloat16 values, widened.</summary>
    static abstract TVector LoadBFloat16(ushort* source);

    /// <summary>The first of each pair of bfloat16 values, widened.</summary>
    static abstract TVector LoadEvenBFloat16(ushort* pairs);

    /// <summary>The second of each pair of bfloat16 values, widened.</summary>
    static abstract TVector LoadOddBFloat16(ushort* pairs);

    /// <summary>Consecutive signed bytes, converted.</summary>
    static abstract TVector LoadInt8(sbyte* source);

    static abstract void Store(TVector value, float* target);

    static abstract TVector Broadcast(float value);

    /// <summary>a * b + c, rounded once where the hardware can.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    static abstract TVector Divide(TVector a, TVector b);

    static abstract TVector Max(TVector a, TVector b);

    static abstract TVector Min(TVector a, TVector b);

    /// <summary>To the nearest whole number.</summary>
    static abstract TVector Round(TVector value);

    /// <summary>2^n for whole n from -126 to 127, by writing the exponent bits.</summary>
    static abstract TVector PowerOfTwo(TVector n);

    /// <summary>(a, b, c, d, ..) to (b, a, d, c, ..).</summary>
    static abstract TVector SwapPairs(TVector value);

    /// <summary>Sum of all lanes.</summary>
    static abstract float Sum(TVector value);

    /// <summary>Brings a cache line nearer, where the hardware has a hint for it.</summary>
    static abstract void Prefetch(byte* address);
}
