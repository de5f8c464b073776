using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.Products;

/// <summary>
/// target = factor of the row * sums. With the factor 1 / sqrt(mean(x^2) + epsilon) and the norm's weights multiplied into the matrix this is RMSNorm and
/// projection in one: W (g * x / rms) = (W diag(g) x) / rms.
/// </summary>
internal readonly unsafe struct NormalizedStore<TVector, TSimd>(float* target, long stride, float* rowFactors) : IProductStore<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var factor = TSimd.Broadcast(rowFactors[row]);
        var place = target + (row * stride) + (panel * PackedMatrix.VectorsPerPanel * TSimd.Lanes);
        TSimd.Store(TSimd.Multiply(a, factor), place);
        TSimd.Store(TSimd.Multiply(b, factor), place + TSimd.Lanes);
    }
}

/// <summary>target += sums: the residual connection.</summary>
internal readonly unsafe struct AddingStore<TVector, TSimd>(float* target, long stride) : IProductStore<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var place = target + (row * stride) + (panel * PackedMatrix.VectorsPerPanel * TSimd.Lanes);
        TSimd.Store(TSimd.Add(TSimd.Load(place), a), place);
        TSimd.Store(TSimd.Add(TSimd.Load(place + TSimd.Lanes), b), place + TSimd.Lanes);
    }
}

/// <summary>
/// target = silu(gate) * up, both times the factor of the row (see <see cref="NormalizedStore{TVector, TSimd}"/>). A panel's first vector is of w1, its second
/// of w3, so gate and up of the same features meet here in registers.
/// </summary>
internal readonly unsafe struct SwiGluStore<TVector, TSimd>(float* target, long stride, float* rowFactors) : IProductStore<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var factor = TSimd.Broadcast(rowFactors[row]);
        var gate = VectorMath<TVector, TSimd>.Silu(TSimd.Multiply(a, factor));
        TSimd.Store(TSimd.Multiply(gate, TSimd.Multiply(b, factor)), target + (row * stride) + (panel * TSimd.Lanes));
    }
}
