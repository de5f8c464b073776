using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>What all register tiles of a block of pixels have in common: a panel of weights and the shape of a pixel's window.</summary>
internal unsafe struct ConvolutionTile
{
    /// <summary>The panel, [inputs of the window][2 vectors of outputs].</summary>
    public float* Weights;

    /// <summary>The bias, two vectors.</summary>
    public float* Bias;

    /// <summary>Rows of the window. The inputs of a row are contiguous.</summary>
    public int Rows;

    /// <summary>Floats of a row of the window; even.</summary>
    public nint RowLength;

    /// <summary>Floats from the end of a row of the window to the start of the next.</summary>
    public nint RowSkip;

    /// <summary>Whether to add the sums to the target: the residual connection.</summary>
    public bool Accumulates;
}

/// <summary>
/// The micro-kernels of the direct convolution: register tiles of 8 pixels (4 with 16 registers) x 2 vectors of outputs over all inputs of the window.
/// </summary>
/// <remarks>
/// Windows are read in place: there is no im2col. Each step loads the two weight vectors of one input and multiplies them by that input of every pixel, a
/// broadcast. The epilogue adds the bias and, if <see cref="ConvolutionTile.Accumulates"/>, what the target holds. Every sum runs over its window in
/// ascending order, one multiply-add per input, so a pixel does not depend on the tile it is computed in.
/// </remarks>
internal static unsafe class ConvolutionMicroKernel<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Computes a panel for a block of pixels.</summary>
    /// <param name="inputs">The first float of each pixel's window, [<see cref="FeatureMap.BlockPixels"/>].</param>
    /// <param name="outputs">The address of each pixel's two output vectors, [<see cref="FeatureMap.BlockPixels"/>].</param>
    /// <param name="pixels">The number of pixels. The last tile may exceed it, so addresses up to the next multiple of 8 must be valid.</param>
    public static void Run(in ConvolutionTile tile, float** inputs, float** outputs, int pixels)
    {
        if (TSimd.Has32Registers)
        {
            for (var pixel = 0; pixel < pixels; pixel += 8)
            {
                Pixels8(tile, inputs + pixel, outputs + pixel);
            }
        }
        else
        {
            for (var pixel = 0; pixel < pixels; pixel += 4)
            {
                Pixels4(tile, inputs + pixel, outputs + pixel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixels4(in ConvolutionTile tile, float** inputs, float** outputs)
    {
        float* weights = tile.Weights, x0 = inputs[0], x1 = inputs[1], x2 = inputs[2], x3 = inputs[3];
        VectorPair<TVector, TSimd> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        nint i = 0;
        for (var row = tile.Rows; row > 0; row--)
        {
            for (var end = i + tile.RowLength; i < end; i++)
            {
                var w = VectorPair<TVector, TSimd>.Load(weights);
                sum0 = sum0.Add(w, x0[i]);
                sum1 = sum1.Add(w, x1[i]);
                sum2 = sum2.Add(w, x2[i]);
                sum3 = sum3.Add(w, x3[i]);
                weights += VectorPair<TVector, TSimd>.Lanes;
            }

            i += tile.RowSkip;
        }

        Store(tile, sum0, outputs[0]);
        Store(tile, sum1, outputs[1]);
        Store(tile, sum2, outputs[2]);
        Store(tile, sum3, outputs[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixels8(in ConvolutionTile tile, float** inputs, float** outputs)
    {
        float* weights = tile.Weights, x0 = inputs[0], x1 = inputs[1], x2 = inputs[2], x3 = inputs[3];
        float* x4 = inputs[4], x5 = inputs[5], x6 = inputs[6], x7 = inputs[7];
        VectorPair<TVector, TSimd> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        VectorPair<TVector, TSimd> sum4 = default, sum5 = default, sum6 = default, sum7 = default;
        nint i = 0;
        for (var row = tile.Rows; row > 0; row--)
        {
            for (var end = i + tile.RowLength; i < end; i += 2)
            {
                var w = VectorPair<TVector, TSimd>.Load(weights);
                sum0 = sum0.Add(w, x0[i]);
                sum1 = sum1.Add(w, x1[i]);
                sum2 = sum2.Add(w, x2[i]);
                sum3 = sum3.Add(w, x3[i]);
                sum4 = sum4.Add(w, x4[i]);
                sum5 = sum5.Add(w, x5[i]);
                sum6 = sum6.Add(w, x6[i]);
                sum7 = sum7.Add(w, x7[i]);
                w = VectorPair<TVector, TSimd>.Load(weights + VectorPair<TVector, TSimd>.Lanes);
                sum0 = sum0.Add(w, x0[i + 1]);
                sum1 = sum1.Add(w, x1[i + 1]);
                sum2 = sum2.Add(w, x2[i + 1]);
                sum3 = sum3.Add(w, x3[i + 1]);
                sum4 = sum4.Add(w, x4[i + 1]);
                sum5 = sum5.Add(w, x5[i + 1]);
                sum6 = sum6.Add(w, x6[i + 1]);
                sum7 = sum7.Add(w, x7[i + 1]);
                weights += 2 * VectorPair<TVector, TSimd>.Lanes;
            }

            i += tile.RowSkip;
        }

        Store(tile, sum0, outputs[0]);
        Store(tile, sum1, outputs[1]);
        Store(tile, sum2, outputs[2]);
        Store(tile, sum3, outputs[3]);
        Store(tile, sum4, outputs[4]);
        Store(tile, sum5, outputs[5]);
        Store(tile, sum6, outputs[6]);
        Store(tile, sum7, outputs[7]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in ConvolutionTile tile, VectorPair<TVector, TSimd> sum, float* target)
    {
        var value = sum.Add(VectorPair<TVector, TSimd>.Load(tile.Bias));
        (tile.Accumulates ? value.Add(VectorPair<TVector, TSimd>.Load(target)) : value).Store(target);
    }
}

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
