using System.Runtime.CompilerServices;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>Two vectors: the weights of one input for a panel of outputs, or the accumulators of one pixel. The JIT keeps the fields in registers.</summary>
internal unsafe struct VectorPair<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    private TVector _a;
    private TVector _b;

    /// <summary>Gets the number of floats in both vectors.</summary>
    public static int Lanes => 2 * TSimd.Lanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorPair<TVector, TSimd> Load(float* source) => new() { _a = TSimd.Load(source), _b = TSimd.Load(source + TSimd.Lanes) };

    /// <summary>Returns this + weights * input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly VectorPair<TVector, TSimd> Add(VectorPair<TVector, TSimd> weights, float input)
    {
        var broadcast = TSimd.Broadcast(input);
        return new() { _a = TSimd.MultiplyAdd(weights._a, broadcast, _a), _b = TSimd.MultiplyAdd(weights._b, broadcast, _b) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly VectorPair<TVector, TSimd> Add(VectorPair<TVector, TSimd> other) => new() { _a = TSimd.Add(_a, other._a), _b = TSimd.Add(_b, other._b) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly VectorPair<TVector, TSimd> Subtract(VectorPair<TVector, TSimd> other) =>
        new() { _a = TSimd.Subtract(_a, other._a), _b = TSimd.Subtract(_b, other._b) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly VectorPair<TVector, TSimd> Scale(float factor)
    {
        var broadcast = TSimd.Broadcast(factor);
        return new() { _a = TSimd.Multiply(_a, broadcast), _b = TSimd.Multiply(_b, broadcast) };
    }

    /// <summary>Returns this + value * value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly VectorPair<TVector, TSimd> AddSquare(VectorPair<TVector, TSimd> value) =>
        new() { _a = TSimd.MultiplyAdd(value._a, value._a, _a), _b = TSimd.MultiplyAdd(value._b, value._b, _b) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* target)
    {
        TSimd.Store(_a, target);
        TSimd.Store(_b, target + TSimd.Lanes);
    }
}
