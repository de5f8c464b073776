using System.Runtime.CompilerServices;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>Elementary functions over vectors.</summary>
internal static class VectorMath<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>
    /// e^x within two units in the last place, by Cephes' expf (Moshier 1992): x = n ln 2 + r, e^r = 1 + r + r^2 P(r). The argument is kept to
    /// [-87, 88], where the answer is a normal number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        var kept = TSimd.Min(TSimd.Max(x, TSimd.Broadcast(-87f)), TSimd.Broadcast(88f));
        var n = TSimd.Round(TSimd.Multiply(kept, TSimd.Broadcast(1.44269504f)));           // log2 e
        var r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-0.693359375f), kept);                // ln 2 in two parts, the first exact in few bits
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(2.12194440e-4f), r);
        var p = TSimd.Broadcast(1.9875691500e-4f);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.3981999507e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(8.3334519073e-3f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(4.1665795894e-2f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1.6666665459e-1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(5.0000001201e-1f));
        var exponential = TSimd.Add(TSimd.MultiplyAdd(TSimd.Multiply(r, r), p, r), TSimd.Broadcast(1f));
        return TSimd.Multiply(exponential, TSimd.PowerOfTwo(n));
    }

    /// <summary>silu(x) = x / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Silu(TVector x)
    {
        var minus = TSimd.Subtract(TSimd.Broadcast(0f), x);
        return TSimd.Divide(x, TSimd.Add(TSimd.Broadcast(1f), Exp(minus)));
    }
}
