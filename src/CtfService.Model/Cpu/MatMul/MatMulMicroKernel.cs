using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// The micro-kernels of the matrix product: an MR x NR register tile over all of K. NR is given in vectors: TileMxN computes M rows and N vectors of output
/// features, two to a panel.
/// </summary>
/// <remarks>
/// Each step of the loop is a rank-2 update: it takes a pair of inputs, the unit in which weights are packed. It loads the N weight vectors of the first
/// input, multiplies each by that input of every row (a broadcast) and adds it to the M x N accumulators, then does the same for the second input. With 32
/// registers the largest tiles have 16 accumulators (4x4, 8x2), with 16 registers 8 (2x4). In every tile a sum runs over the inputs in ascending order, one
/// multiply-add each, so a row's result does not depend on the tile it is computed in.
/// </remarks>
internal static unsafe class MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TEpilogue : struct, IEpilogue<TVector>
{
    /// <summary>Computes 1 row and 2 panels: 4 accumulators. Bound by the bandwidth of the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile1x4(in MatMulTile tile, TEpilogue epilogue)
    {
        byte* pair = tile.Weights, prefetch = tile.PrefetchStart;
        long panel = tile.PanelBytes, block = tile.BlockBytes;
        var x = tile.Input;
        Vectors4 sums = default;
        for (var count = tile.Pairs; count > 0; count--)
        {
            prefetch = Prefetch(prefetch, panel, tile.PrefetchLines);
            sums = Vectors4.MultiplyAdd(sums, Vectors4.LoadEven(pair, block, panel), x[0]);
            sums = Vectors4.MultiplyAdd(sums, Vectors4.LoadOdd(pair, block, panel), x[1]);
            pair += 2 * block;
            x += 2;
        }

        sums.Store(tile, row: 0, epilogue);
    }

    /// <summary>Computes 2 rows and 2 panels: 8 accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile2x4(in MatMulTile tile, TEpilogue epilogue)
    {
        byte* pair = tile.Weights, prefetch = tile.PrefetchStart;
        long panel = tile.PanelBytes, block = tile.BlockBytes;
        float* x0 = tile.Input, x1 = x0 + tile.InputStride;
        Vectors4 row0 = default, row1 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            prefetch = Prefetch(prefetch, panel, tile.PrefetchLines);
            var weights = Vectors4.LoadEven(pair, block, panel);
            row0 = Vectors4.MultiplyAdd(row0, weights, x0[i]);
            row1 = Vectors4.MultiplyAdd(row1, weights, x1[i]);
            weights = Vectors4.LoadOdd(pair, block, panel);
            row0 = Vectors4.MultiplyAdd(row0, weights, x0[i + 1]);
            row1 = Vectors4.MultiplyAdd(row1, weights, x1[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, epilogue);
        row1.Store(tile, row: 1, epilogue);
    }

    /// <summary>Computes 4 rows and 2 panels: 16 accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile4x4(in MatMulTile tile, TEpilogue epilogue)
    {
        byte* pair = tile.Weights, prefetch = tile.PrefetchStart;
        long panel = tile.PanelBytes, block = tile.BlockBytes, stride = tile.InputStride;
        float* x0 = tile.Input, x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride;
        Vectors4 row0 = default, row1 = default, row2 = default, row3 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            prefetch = Prefetch(prefetch, panel, tile.PrefetchLines);
            var weights = Vectors4.LoadEven(pair, block, panel);
            row0 = Vectors4.MultiplyAdd(row0, weights, x0[i]);
            row1 = Vectors4.MultiplyAdd(row1, weights, x1[i]);
            row2 = Vectors4.MultiplyAdd(row2, weights, x2[i]);
            row3 = Vectors4.MultiplyAdd(row3, weights, x3[i]);
            weights = Vectors4.LoadOdd(pair, block, panel);
            row0 = Vectors4.MultiplyAdd(row0, weights, x0[i + 1]);
            row1 = Vectors4.MultiplyAdd(row1, weights, x1[i + 1]);
            row2 = Vectors4.MultiplyAdd(row2, weights, x2[i + 1]);
            row3 = Vectors4.MultiplyAdd(row3, weights, x3[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, epilogue);
        row1.Store(tile, row: 1, epilogue);
        row2.Store(tile, row: 2, epilogue);
        row3.Store(tile, row: 3, epilogue);
    }

    /// <summary>Computes 8 rows and 1 panel: 16 accumulators, with half the weight loads of <see cref="Tile4x4"/> for as many multiply-adds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile8x2(in MatMulTile tile, TEpilogue epilogue)
    {
        byte* pair = tile.Weights, prefetch = tile.PrefetchStart;
        long block = tile.BlockBytes, stride = tile.InputStride;
        float* x0 = tile.Input, x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride;
        float* x4 = x3 + stride, x5 = x4 + stride, x6 = x5 + stride, x7 = x6 + stride;
        Vectors2 row0 = default, row1 = default, row2 = default, row3 = default;
        Vectors2 row4 = default, row5 = default, row6 = default, row7 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            prefetch = Prefetch(prefetch, tile.PrefetchLines);
            var weights = Vectors2.LoadEven(pair, block);
            row0 = Vectors2.MultiplyAdd(row0, weights, x0[i]);
            row1 = Vectors2.MultiplyAdd(row1, weights, x1[i]);
            row2 = Vectors2.MultiplyAdd(row2, weights, x2[i]);
            row3 = Vectors2.MultiplyAdd(row3, weights, x3[i]);
            row4 = Vectors2.MultiplyAdd(row4, weights, x4[i]);
            row5 = Vectors2.MultiplyAdd(row5, weights, x5[i]);
            row6 = Vectors2.MultiplyAdd(row6, weights, x6[i]);
            row7 = Vectors2.MultiplyAdd(row7, weights, x7[i]);
            weights = Vectors2.LoadOdd(pair, block);
            row0 = Vectors2.MultiplyAdd(row0, weights, x0[i + 1]);
            row1 = Vectors2.MultiplyAdd(row1, weights, x1[i + 1]);
            row2 = Vectors2.MultiplyAdd(row2, weights, x2[i + 1]);
            row3 = Vectors2.MultiplyAdd(row3, weights, x3[i + 1]);
            row4 = Vectors2.MultiplyAdd(row4, weights, x4[i + 1]);
            row5 = Vectors2.MultiplyAdd(row5, weights, x5[i + 1]);
            row6 = Vectors2.MultiplyAdd(row6, weights, x6[i + 1]);
            row7 = Vectors2.MultiplyAdd(row7, weights, x7[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, epilogue);
        row1.Store(tile, row: 1, epilogue);
        row2.Store(tile, row: 2, epilogue);
        row3.Store(tile, row: 3, epilogue);
        row4.Store(tile, row: 4, epilogue);
        row5.Store(tile, row: 5, epilogue);
        row6.Store(tile, row: 6, epilogue);
        row7.Store(tile, row: 7, epilogue);
    }

    /// <summary>Prefetches some cache lines.</summary>
    /// <returns>The address after them.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* prefetch, int lines)
    {
        for (; lines > 0; lines--)
        {
            TSimd.Prefetch(prefetch);
            prefetch += Alignment.CacheLineBytes;
        }

        return prefetch;
    }

    /// <summary>Prefetches some cache lines of each of two panels.</summary>
    /// <returns>The address after those of the first.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* prefetch, long panel, int lines)
    {
        for (; lines > 0; lines--)
        {
            TSimd.Prefetch(prefetch);
            TSimd.Prefetch(prefetch + panel);
            prefetch += Alignment.CacheLineBytes;
        }

        return prefetch;
    }

    /// <summary>Multiplies a sum of quantized weights by the scales of its output features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scale(in MatMulTile tile, TVector sum, int vector) => TLayout.IsScaled
        ? TSimd.Multiply(sum, TSimd.Load(tile.Scales + (((PackedMatrix.VectorsPerPanel * tile.Panel) + vector) * TSimd.Lanes)))
        : sum;

    /// <summary>
    /// Two vectors: the weights of one input in a panel, or the accumulators of one row. The JIT keeps the fields in registers.
    /// </summary>
    private struct Vectors2
    {
        private TVector _a;
        private TVector _b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 LoadEven(byte* pair, long block) => new()
        {
            _a = TLayout.LoadEven<TVector, TSimd>(pair),
            _b = TLayout.LoadEven<TVector, TSimd>(pair + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 LoadOdd(byte* pair, long block) => new()
        {
            _a = TLayout.LoadOdd<TVector, TSimd>(pair),
            _b = TLayout.LoadOdd<TVector, TSimd>(pair + block),
        };

        /// <summary>Returns sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 MultiplyAdd(Vectors2 sums, Vectors2 weights, float input)
        {
            var broadcast = TSimd.Broadcast(input);
            return new()
            {
                _a = TSimd.MultiplyAdd(weights._a, broadcast, sums._a),
                _b = TSimd.MultiplyAdd(weights._b, broadcast, sums._b),
            };
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(in MatMulTile tile, int row, TEpilogue epilogue) =>
            epilogue.Store(Scale(tile, _a, 0), Scale(tile, _b, 1), tile.Row + row, tile.Panel);
    }

    /// <summary>Four vectors: those of <see cref="Vectors2"/> for two panels.</summary>
    private struct Vectors4
    {
        private TVector _a;
        private TVector _b;
        private TVector _c;
        private TVector _d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 LoadEven(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.LoadEven<TVector, TSimd>(pair),
            _b = TLayout.LoadEven<TVector, TSimd>(pair + block),
            _c = TLayout.LoadEven<TVector, TSimd>(pair + panel),
            _d = TLayout.LoadEven<TVector, TSimd>(pair + panel + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 LoadOdd(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.LoadOdd<TVector, TSimd>(pair),
            _b = TLayout.LoadOdd<TVector, TSimd>(pair + block),
            _c = TLayout.LoadOdd<TVector, TSimd>(pair + panel),
            _d = TLayout.LoadOdd<TVector, TSimd>(pair + panel + block),
        };

        /// <summary>Returns sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 MultiplyAdd(Vectors4 sums, Vectors4 weights, float input)
        {
            var broadcast = TSimd.Broadcast(input);
            return new()
            {
                _a = TSimd.MultiplyAdd(weights._a, broadcast, sums._a),
                _b = TSimd.MultiplyAdd(weights._b, broadcast, sums._b),
                _c = TSimd.MultiplyAdd(weights._c, broadcast, sums._c),
                _d = TSimd.MultiplyAdd(weights._d, broadcast, sums._d),
            };
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(in MatMulTile tile, int row, TEpilogue epilogue)
        {
            epilogue.Store(Scale(tile, _a, 0), Scale(tile, _b, 1), tile.Row + row, tile.Panel);
            epilogue.Store(Scale(tile, _c, 2), Scale(tile, _d, 3), tile.Row + row, tile.Panel + 1);
        }
    }
}
