using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.Products;

/// <summary>
/// The inner loops: a few rows times a few panels, all sums in registers. Every sum runs over the inputs in ascending order, one multiply-add for each, in
/// every tile; so a row's result does not depend on which rows share its tile.
/// </summary>
internal static unsafe class ProductTiles<TVector, TSimd, TLayout, TStore>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TStore : struct, IProductStore<TVector>
{
    /// <summary>1 row, 2 panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows1(in ProductTile tile, TStore store)
    {
        byte* pair = tile.Weights, ahead = tile.Ahead;
        long panel = tile.PanelBytes, block = tile.BlockBytes;
        var x = tile.Input;
        Strip4 sums = default;
        for (var count = tile.Pairs; count > 0; count--)
        {
            ahead = Prefetch(ahead, panel, tile.AheadLines);
            sums = Strip4.Add(sums, Strip4.Even(pair, block, panel), x[0]);
            sums = Strip4.Add(sums, Strip4.Odd(pair, block, panel), x[1]);
            pair += 2 * block;
            x += 2;
        }

        sums.Store(tile, row: 0, store);
    }

    /// <summary>2 rows, 2 panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2(in ProductTile tile, TStore store)
    {
        byte* pair = tile.Weights, ahead = tile.Ahead;
        long panel = tile.PanelBytes, block = tile.BlockBytes;
        float* x0 = tile.Input, x1 = x0 + tile.InputStride;
        Strip4 row0 = default, row1 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            ahead = Prefetch(ahead, panel, tile.AheadLines);
            var weights = Strip4.Even(pair, block, panel);
            row0 = Strip4.Add(row0, weights, x0[i]);
            row1 = Strip4.Add(row1, weights, x1[i]);
            weights = Strip4.Odd(pair, block, panel);
            row0 = Strip4.Add(row0, weights, x0[i + 1]);
            row1 = Strip4.Add(row1, weights, x1[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, store);
        row1.Store(tile, row: 1, store);
    }

    /// <summary>4 rows, 2 panels: 16 sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4(in ProductTile tile, TStore store)
    {
        byte* pair = tile.Weights, ahead = tile.Ahead;
        long panel = tile.PanelBytes, block = tile.BlockBytes, stride = tile.InputStride;
        float* x0 = tile.Input, x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride;
        Strip4 row0 = default, row1 = default, row2 = default, row3 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            ahead = Prefetch(ahead, panel, tile.AheadLines);
            var weights = Strip4.Even(pair, block, panel);
            row0 = Strip4.Add(row0, weights, x0[i]);
            row1 = Strip4.Add(row1, weights, x1[i]);
            row2 = Strip4.Add(row2, weights, x2[i]);
            row3 = Strip4.Add(row3, weights, x3[i]);
            weights = Strip4.Odd(pair, block, panel);
            row0 = Strip4.Add(row0, weights, x0[i + 1]);
            row1 = Strip4.Add(row1, weights, x1[i + 1]);
            row2 = Strip4.Add(row2, weights, x2[i + 1]);
            row3 = Strip4.Add(row3, weights, x3[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, store);
        row1.Store(tile, row: 1, store);
        row2.Store(tile, row: 2, store);
        row3.Store(tile, row: 3, store);
    }

    /// <summary>8 rows, 1 panel: 16 sums, half the weights of <see cref="Rows4"/> to load for as many products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8(in ProductTile tile, TStore store)
    {
        byte* pair = tile.Weights, ahead = tile.Ahead;
        long block = tile.BlockBytes, stride = tile.InputStride;
        float* x0 = tile.Input, x1 = x0 + stride, x2 = x1 + stride, x3 = x2 + stride;
        float* x4 = x3 + stride, x5 = x4 + stride, x6 = x5 + stride, x7 = x6 + stride;
        Strip2 row0 = default, row1 = default, row2 = default, row3 = default;
        Strip2 row4 = default, row5 = default, row6 = default, row7 = default;
        for (var i = 0; i < 2 * tile.Pairs; i += 2)
        {
            ahead = Prefetch(ahead, tile.AheadLines);
            var weights = Strip2.Even(pair, block);
            row0 = Strip2.Add(row0, weights, x0[i]);
            row1 = Strip2.Add(row1, weights, x1[i]);
            row2 = Strip2.Add(row2, weights, x2[i]);
            row3 = Strip2.Add(row3, weights, x3[i]);
            row4 = Strip2.Add(row4, weights, x4[i]);
            row5 = Strip2.Add(row5, weights, x5[i]);
            row6 = Strip2.Add(row6, weights, x6[i]);
            row7 = Strip2.Add(row7, weights, x7[i]);
            weights = Strip2.Odd(pair, block);
            row0 = Strip2.Add(row0, weights, x0[i + 1]);
            row1 = Strip2.Add(row1, weights, x1[i + 1]);
            row2 = Strip2.Add(row2, weights, x2[i + 1]);
            row3 = Strip2.Add(row3, weights, x3[i + 1]);
            row4 = Strip2.Add(row4, weights, x4[i + 1]);
            row5 = Strip2.Add(row5, weights, x5[i + 1]);
            row6 = Strip2.Add(row6, weights, x6[i + 1]);
            row7 = Strip2.Add(row7, weights, x7[i + 1]);
            pair += 2 * block;
        }

        row0.Store(tile, row: 0, store);
        row1.Store(tile, row: 1, store);
        row2.Store(tile, row: 2, store);
        row3.Store(tile, row: 3, store);
        row4.Store(tile, row: 4, store);
        row5.Store(tile, row: 5, store);
        row6.Store(tile, row: 6, store);
        row7.Store(tile, row: 7, store);
    }

    /// <summary>Asks for some cache lines; returns the address behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* ahead, int lines)
    {
        for (; lines > 0; lines--)
        {
            TSimd.Prefetch(ahead);
            ahead += ProductTile.CacheLine;
        }

        return ahead;
    }

    /// <summary>As above, for two panels at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Prefetch(byte* ahead, long panel, int lines)
    {
        for (; lines > 0; lines--)
        {
            TSimd.Prefetch(ahead);
            TSimd.Prefetch(ahead + panel);
            ahead += ProductTile.CacheLine;
        }

        return ahead;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scale(in ProductTile tile, TVector sum, int vector) => TLayout.IsScaled
        ? TSimd.Multiply(sum, TSimd.Load(tile.Scales + (((PackedMatrix.VectorsPerPanel * tile.Panel) + vector) * TSimd.Lanes)))
        : sum;

    /// <summary>
    /// Two vectors side by side: one input's weights for a panel, or one row's sums. Structs of this kind live in registers and keep sixteen sums readable.
    /// </summary>
    private struct Strip2
    {
        private TVector _a;
        private TVector _b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip2 Even(byte* pair, long block) => new()
        {
            _a = TLayout.Even<TVector, TSimd>(pair),
            _b = TLayout.Even<TVector, TSimd>(pair + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip2 Odd(byte* pair, long block) => new()
        {
            _a = TLayout.Odd<TVector, TSimd>(pair),
            _b = TLayout.Odd<TVector, TSimd>(pair + block),
        };

        /// <summary>sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip2 Add(Strip2 sums, Strip2 weights, float input)
        {
            var broadcast = TSimd.Broadcast(input);
            return new()
            {
                _a = TSimd.MultiplyAdd(weights._a, broadcast, sums._a),
                _b = TSimd.MultiplyAdd(weights._b, broadcast, sums._b),
            };
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(in ProductTile tile, int row, TStore store) =>
            store.Store(Scale(tile, _a, 0), Scale(tile, _b, 1), tile.Row + row, tile.Panel);
    }

    /// <summary>As <see cref="Strip2"/>, two panels.</summary>
    private struct Strip4
    {
        private TVector _a;
        private TVector _b;
        private TVector _c;
        private TVector _d;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip4 Even(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.Even<TVector, TSimd>(pair),
            _b = TLayout.Even<TVector, TSimd>(pair + block),
            _c = TLayout.Even<TVector, TSimd>(pair + panel),
            _d = TLayout.Even<TVector, TSimd>(pair + panel + block),
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip4 Odd(byte* pair, long block, long panel) => new()
        {
            _a = TLayout.Odd<TVector, TSimd>(pair),
            _b = TLayout.Odd<TVector, TSimd>(pair + block),
            _c = TLayout.Odd<TVector, TSimd>(pair + panel),
            _d = TLayout.Odd<TVector, TSimd>(pair + panel + block),
        };

        /// <summary>sums + weights * input.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Strip4 Add(Strip4 sums, Strip4 weights, float input)
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
        public readonly void Store(in ProductTile tile, int row, TStore store)
        {
            store.Store(Scale(tile, _a, 0), Scale(tile, _b, 1), tile.Row + row, tile.Panel);
            store.Store(Scale(tile, _c, 2), Scale(tile, _d, 3), tile.Row + row, tile.Panel + 1);
        }
    }
}
