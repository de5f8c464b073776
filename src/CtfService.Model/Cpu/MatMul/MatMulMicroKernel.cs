using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// The inner loops: a few rows times a few panels, all sums in registers. Every sum runs over the inputs in ascending order, one multiply-add for each, in
/// every tile; so a row's result does not depend on which rows share its tile.
/// </summary>
internal static unsafe class MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TEpilogue : struct, IEpilogue<TVector>
{
    /// <summary>1 row, 2 panels.</summary>
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
            sums = Vectors4.Add(sums, Vectors4.Even(pair, block, panel), x[0]);
            sums = Vectors4.Add(sums, Vectors4.Odd(pair, block, panel), x[1]);
            pair += 2 * block;
            x += 2;
        }

        sums.Store(tile, row: 0, epilogue);
    }

    /// <summary>2 rows, 2 panels.</summary>
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
            var weights = Vectors4.Even(pair, block, panel);
            row0 = Vectors4.Add(row0, weights, x0[i]);
            row1 = Vectors4.Add(row1, weights, x1[i]);
            weights = Vectors4.Odd(pair, block, panel);
            row0 = Vectors4.Add(row0, weights, x0[i + 1]);
            row1 = Vectors4.Add(row1, weights, x1[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, epilogue);
        row1.Store(tile, row: 1, epilogue);
    }

    /// <summary>4 rows, 2 panels: 16 sums.</summary>
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
            var weights = Vectors4.Even(pair, block, panel);
            row0 = Vectors4.Add(row0, weights, x0[i]);
            row1 = Vectors4.Add(row1, weights, x1[i]);
            row2 = Vectors4.Add(row2, weights, x2[i]);
            row3 = Vectors4.Add(row3, weights, x3[i]);
            weights = Vectors4.Odd(pair, block, panel);
            row0 = Vectors4.Add(row0, weights, x0[i + 1]);
            row1 = Vectors4.Add(row1, weights, x1[i + 1]);
            row2 = Vectors4.Add(row2, weights, x2[i + 1]);
            row3 = Vectors4.Add(row3, weights, x3[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, epilogue);
        row1.Store(tile, row: 1, epilogue);
        row2.Store(tile, row: 2, epilogue);
        row3.Store(tile, row: 3, epilogue);
    }

    /// <summary>8 rows, 1 panel: 16 sums, half the weights of <see cref="Tile4x4"/> to load for as many products.</summary>
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
            var weights = Vectors2.Even(pair, block);
            row0 = Vectors2.Add(row0, weights, x0[i]);
            row1 = Vectors2.Add(row1, weights, x1[i]);
            row2 = Vectors2.Add(row2, weights, x2[i]);
            row3 = Vectors2.Add(row3, weights, x3[i]);
            row4 = Vectors2.Add(row4, weights, x4[i]);
            row5 = Vectors2.Add(row5, weights, x5[i]);
            row6 = Vectors2.Add(row6, weights, x6[i]);
            row7 = Vectors2.Add(row7, weights, x7[i]);
            weights = Vectors2.Odd(pair, block);
            row0 = Vectors2.Add(row0, weights, x0[i + 1]);
            row1 = Vectors2.Add(row1, weights, x1[i + 1]);
            row2 = Vectors2.Add(row2, weights, x2[i + 1]);
            row3 = Vectors2.Add(row3, weights, x3[i + 1]);
            row4 = Vectors2.Add(row4, weights, x4[i + 1]);
            row5 = Vectors2.Add(row5, weights, x5[i + 1]);
            row6 = Vectors2.Add(row6, weights, x6[i + 1]);
            row7 = Vectors2.Add(row7, weights, x7[i + 1]);
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

    /// <summary>Asks for some cache lines; returns the address behind them.</summary>
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

    /// <summary>As above, for two panels at once.</summary>
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scale(in MatMulTile tile, TVector sum, int vector) => TLayout.IsScaled
        ? TSimd.Multiply(sum, TSimd.Load(tile.Scales + (((PackedMatrix.VectorsPerPanel * tile.Panel) + vector) * TSimd.Lanes)))
        : sum;

    /// <summary>
    /// Two vectors side by side: one input's weights for a panel, or one row's sums. Structs of this kind live in registers and keep sixteen sums readable.
    /// </summary>
    private struct Vectors2
    {
        private TVector _a;
        private TVector _b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 Even(byte* pair, long block) => new()
        {
            _a = TLayout.Even<TVector, TSimd>(pair),
            _b = TLayout.Even<TVector, TSimd>(pair + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 Odd(byte* pair, long block) => new()
        {
            _a = TLayout.Odd<TVector, TSimd>(pair),
            _b = TLayout.Odd<TVector, TSimd>(pair + block),
        };

        /// <summary>sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors2 Add(Vectors2 sums, Vectors2 weights, float input)
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

    /// <summary>As <see cref="Vectors2"/>, two panels.</summary>
    private struct Vectors4
    {
        private TVector _a;
        private TVector _b;
        private TVector _c;
        private TVector _d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 Even(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.Even<TVector, TSimd>(pair),
            _b = TLayout.Even<TVector, TSimd>(pair + block),
            _c = TLayout.Even<TVector, TSimd>(pair + panel),
            _d = TLayout.Even<TVector, TSimd>(pair + panel + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 Odd(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.Odd<TVector, TSimd>(pair),
            _b = TLayout.Odd<TVector, TSimd>(pair + block),
            _c = TLayout.Odd<TVector, TSimd>(pair + panel),
            _d = TLayout.Odd<TVector, TSimd>(pair + panel + block),
        };

        /// <summary>sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vectors4 Add(Vectors4 sums, Vectors4 weights, float input)
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
