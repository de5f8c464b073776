using System.Runtime.CompilerServices;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>Elementary functions over vectors.</summary>
internal static unsafe class VectorMath<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>
    /// Returns e^x within two units in the last place, by Cephes' expf (Moshier 1992): x = n ln 2 + r, e^r = 1 + r + r^2 P(r). The argument is clamped to
    /// [-87, 88], where the result is a normal number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp(TVector x)
    {
        var clamped = TSimd.Min(TSimd.Max(x, TSimd.Broadcast(-87f)), TSimd.Broadcast(88f));
        var n = TSimd.Round(TSimd.Multiply(clamped, TSimd.Broadcast(1.44269504f)));           // log2 e
        var r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-0.693359375f), clamped);                // ln 2 in two parts; n times the first is exact
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

    /// <summary>Returns silu(x) = x / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Silu(TVector x)
    {
        var minus = TSimd.Subtract(TSimd.Broadcast(0f), x);
        return TSimd.Divide(x, TSimd.Add(TSimd.Broadcast(1f), Exp(minus)));
    }

    /// <summary>Replaces scores by their softmax: e^(score - largest), divided by the sum. The result does not depend on the vector width.</summary>
    /// <param name="scores">[positions], padded to a multiple of <see cref="LaneSums{TVector, TSimd}.Lanes"/>; the padding is overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SoftMax(float* scores, int positions)
    {
        const int Lanes = LaneSums<TVector, TSimd>.Lanes;
        var end = (positions + Lanes - 1) / Lanes * Lanes;
        for (var p = positions; p < end; p++)
        {
            scores[p] = float.NegativeInfinity;
        }

        var maxima = TSimd.Load(scores);
        for (var p = TSimd.Lanes; p < end; p += TSimd.Lanes)
        {
            maxima = TSimd.Max(maxima, TSimd.Load(scores + p));
        }

        var maximum = TSimd.Broadcast(LargestLane(maxima));
        LaneSums<TVector, TSimd> sums = default;
        for (var p = 0; p < end; p += Lanes)
        {
            sums.AddExponentials(scores + p, maximum); // a padded position adds 1e-38 to a sum of at least 1
        }

        var factor = TSimd.Broadcast(1 / sums.Total());
        for (var p = 0; p < end; p += TSimd.Lanes)
        {
            TSimd.Store(TSimd.Multiply(TSimd.Load(scores + p), factor), scores + p);
        }
    }

    private static float LargestLane(TVector vector)
    {
        var lanes = stackalloc float[TSimd.Lanes];
        TSimd.Store(vector, lanes);
        var largest = lanes[0];
        for (var lane = 1; lane < TSimd.Lanes; lane++)
        {
            largest = Math.Max(largest, lanes[lane]);
        }

        return largest;
    }
}
