using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.Products;

/// <summary>
/// Rows times a packed matrix, cut into tiles. The panels are divided among the threads; each thread takes its panels a few at a time and runs all rows over
/// them, so that weights come from memory once and from the cache afterwards.
/// </summary>
internal static unsafe class Product<TVector, TSimd, TLayout>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
{
    /// <summary>Rows that stay in the second-level cache beside the panels; more are taken one such block after another.</summary>
    private const int BlockRows = 128;

    /// <summary>Bytes of each panel to fetch before a product begins.</summary>
    private const int FirstBytes = 8 << 10;

    /// <summary>Part of the strips that the threads divide beforehand; the rest goes to whoever is done first.</summary>
    private const float OwnPart = 0.75f;

    /// <summary>How far ahead of its use a weight is asked for: memory's latency times its bandwidth, with some room.</summary>
    private const int AheadBytes = 4 << 10;

    /// <summary>Computes the share of one thread.</summary>
    /// <param name="input">[rows, stride] of float, zeros where the number of inputs is filled up.</param>
    public static void Multiply<TStore>(PackedMatrix matrix, float* input, long inputStride, int rows, TStore store, TeamShare share)
        where TStore : struct, IProductStore<TVector>
    {
        var tile = new ProductTile { PanelBytes = matrix.PanelBytes, BlockBytes = matrix.BlockBytes, Scales = matrix.Scales, Pairs = matrix.Pairs, InputStride = inputStride };
        // All strips of the first block of rows, then all of the second, and so on.
        var strips = matrix.PanelCount / PackedMatrix.PanelsPerTile;
        var pieces = share.Pieces(strips * ((rows + BlockRows - 1) / BlockRows), OwnPart);
        while (pieces.TryTake(out var piece))
        {
            var (block, strip) = Math.DivRem(piece, strips);
            var next = pieces.Following(piece) is { } following ? following % strips * PackedMatrix.PanelsPerTile : (int?)null;
            MultiplyStrip(matrix, strip * PackedMatrix.PanelsPerTile, next, input, (block * BlockRows, Math.Min(rows, (block + 1) * BlockRows)), tile, store);
        }
    }

    /// <summary>Starts to fetch what a thread's share of a product begins with.</summary>
    public static void FetchFirst(PackedMatrix matrix, TeamShare share)
    {
        var (first, _) = share.Of((int)(matrix.PanelCount / PackedMatrix.PanelsPerTile * OwnPart));
        for (var panel = 0; panel < PackedMatrix.PanelsPerTile; panel++)
        {
            var start = matrix.Panels + (((first * PackedMatrix.PanelsPerTile) + panel) * matrix.PanelBytes);
            for (var line = 0; line < Math.Min(FirstBytes, matrix.PanelBytes); line += ProductTile.CacheLine)
            {
                TSimd.Prefetch(start + line);
            }
        }
    }

    /// <summary>All rows of a block times the panels of one tile.</summary>
    /// <param name="nextPanel">The first panel of the strip after this one; null where there is none.</param>
    private static void MultiplyStrip<TStore>(
        PackedMatrix matrix, int firstPanel, int? nextPanel, float* input, (int First, int End) rows, ProductTile tile, TStore store)
        where TStore : struct, IProductStore<TVector>
    {
        var groups = TSimd.HasManyRegisters ? (rows.End - rows.First) / 8 : 0;
        for (var panel = firstPanel; groups > 0 && panel < firstPanel + PackedMatrix.PanelsPerTile; panel++)
        {
            Take(matrix, panel, ref tile);
            PlanAhead(matrix, ref tile, groups, panel + 1 < firstPanel + PackedMatrix.PanelsPerTile ? panel + 1 : nextPanel);
            for (var group = 0; group < groups; group++)
            {
                At(ref tile, input, rows.First + (8 * group));
                ProductTiles<TVector, TSimd, TLayout, TStore>.Rows8(tile, store);
                tile.Ahead += (long)tile.AheadLines * ProductTile.CacheLine * tile.Pairs;
            }
        }

        Take(matrix, firstPanel, ref tile);
        for (var row = rows.First + (8 * groups); row < rows.End;)
        {
            PlanAhead(matrix, ref tile, isFirst: row == rows.First, rows.End - row);
            At(ref tile, input, row);
            row += MultiplyFew(tile, rows.End - row, store);
        }
    }

    /// <summary>As many rows as one tile of two panels takes; returns their number.</summary>
    private static int MultiplyFew<TStore>(in ProductTile tile, int rows, TStore store)
        where TStore : struct, IProductStore<TVector>
    {
        if (TSimd.HasManyRegisters && rows >= 4)
        {
            ProductTiles<TVector, TSimd, TLayout, TStore>.Rows4(tile, store);
            return 4;
        }

        if (rows >= 2)
        {
            ProductTiles<TVector, TSimd, TLayout, TStore>.Rows2(tile, store);
            return 2;
        }

        ProductTiles<TVector, TSimd, TLayout, TStore>.Rows1(tile, store);
        return 1;
    }

    private static void Take(PackedMatrix matrix, int panel, ref ProductTile tile)
    {
        tile.Panel = panel;
        tile.Weights = matrix.Panels + (panel * matrix.PanelBytes);
    }

    private static void At(ref ProductTile tile, float* input, int row)
    {
        tile.Row = row;
        tile.Input = input + (row * tile.InputStride);
    }

    /// <summary>
    /// Eight rows do so much with each weight that the processor looks too short a way ahead to keep the memory busy, so weights are asked for early: those
    /// a little further on where one tile uses a panel, and the next panel's, spread evenly over the tiles, where several do.
    /// </summary>
    private static void PlanAhead(PackedMatrix matrix, ref ProductTile tile, int tiles, int? nextPanel)
    {
        tile.Ahead = tiles == 1 ? tile.Weights + AheadBytes : matrix.Panels + (nextPanel.GetValueOrDefault() * matrix.PanelBytes);
        tile.AheadLines = tiles == 1 || nextPanel is not null ? Lines(matrix, tiles) : 0;
    }

    /// <summary>
    /// A tile of few rows needs the same where few bytes keep it busy for long: weights of 8 bits, or 4 rows. Otherwise the processor finds the way itself
    /// and early requests are in its way. Rows after the first ones find the weights in the cache.
    /// </summary>
    private static void PlanAhead(PackedMatrix matrix, ref ProductTile tile, bool isFirst, int rows)
    {
        tile.Ahead = tile.Weights + AheadBytes;
        tile.AheadLines = isFirst && (TLayout.IsScaled || rows >= 4) ? Lines(matrix, tiles: 1) : 0;
    }

    /// <summary>Cache lines of a panel for a pair of inputs, divided among some tiles.</summary>
    private static int Lines(PackedMatrix matrix, int tiles)
    {
        var bytes = (int)matrix.BlockBytes * PackedMatrix.VectorsPerPanel;
        return (bytes + (ProductTile.CacheLine * tiles) - 1) / (ProductTile.CacheLine * tiles);
    }
}
