using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>Writes the finished sums of a register tile to memory, after the element-wise operations that are fused with the product.</summary>
internal interface IEpilogue<TVector>
    where TVector : struct
{
    /// <summary>Stores the sums of one row and one panel.</summary>
    /// <param name="a">Sums of the panel's first vector of output features.</param>
    /// <param name="b">Sums of its second vector.</param>
    void Store(TVector a, TVector b, int row, int panel);
}

/// <summary>
/// target = sums * scale of the row. With the scale 1 / rms = 1 / sqrt(mean(x^2) + epsilon), and the norm's weights g multiplied into the matrix, this
/// fuses RMSNorm with the projection: W (g * x / rms) = (W diag(g) x) / rms.
/// </summary>
internal readonly unsafe struct RowScaleEpilogue<TVector, TSimd>(float* target, long stride, float* rowScales) : IEpilogue<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var scale = TSimd.Broadcast(rowScales[row]);
        var destination = target + (row * stride) + (panel * PackedMatrix.VectorsPerPanel * TSimd.Lanes);
        TSimd.Store(TSimd.Multiply(a, scale), destination);
        TSimd.Store(TSimd.Multiply(b, scale), destination + TSimd.Lanes);
    }
}

/// <summary>target += sums: adds the residual connection.</summary>
internal readonly unsafe struct ResidualEpilogue<TVector, TSimd>(float* target, long stride) : IEpilogue<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var destination = target + (row * stride) + (panel * PackedMatrix.VectorsPerPanel * TSimd.Lanes);
        TSimd.Store(TSimd.Add(TSimd.Load(destination), a), destination);
        TSimd.Store(TSimd.Add(TSimd.Load(destination + TSimd.Lanes), b), destination + TSimd.Lanes);
    }
}

/// <summary>
/// target = silu(gate) * up, with gate and up multiplied by the scale of the row as in <see cref="RowScaleEpilogue{TVector, TSimd}"/>. In a panel the first
/// vector belongs to w1 and the second to w3, so gate and up of the same features are both in registers here.
/// </summary>
internal readonly unsafe struct SwiGluEpilogue<TVector, TSimd>(float* target, long stride, float* rowScales) : IEpilogue<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TVector a, TVector b, int row, int panel)
    {
        var scale = TSimd.Broadcast(rowScales[row]);
        var gate = VectorMath<TVector, TSimd>.Silu(TSimd.Multiply(a, scale));
        TSimd.Store(TSimd.Multiply(gate, TSimd.Multiply(b, scale)), target + (row * stride) + (panel * TSimd.Lanes));
    }
}
