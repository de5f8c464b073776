using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// Rows times a packed matrix, cut into tiles. The panels are divided among the threads; each thread takes its panels a few at a time and runs all rows over
/// them, so that weights come from memory once and from the cache afterwards.
/// </summary>
internal static unsafe class PackedMatMul<TVector, TSimd, TLayout>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
{
    /// <summary>Rows that stay in the second-level cache beside the panels; more are taken one such block after another.</summary>
    private const int RowBlock = 128;

    /// <summary>Bytes of each panel to fetch before a product begins.</summary>
    private const int FirstPrefetchBytes = 8 << 10;

    /// <summary>How far prefetch of its use a weight is asked for: memory's latency times its bandwidth, with some room.</summary>
    private const int PrefetchDistance = 4 << 10;

    /// <summary>Computes the share of one thread.</summary>
    /// <param name="input">[rows, stride] of float, zeros where the number of inputs is filled up.</param>
    public static void Multiply<TEpilogue>(PackedMatrix matrix, float* input, long inputStride, int rows, TEpilogue epilogue, PoolWorker worker)
        where TEpilogue : struct, IEpilogue<TVector>
    {
        var tile = new MatMulTile { PanelBytes = matrix.PanelBytes, BlockBytes = matrix.BlockBytes, Scales = matrix.Scales, Pairs = matrix.Pairs, InputStride = inputStride };
        // All panelGroups of the first block of rows, then all of the second, and so on.
        var panelGroups = matrix.PanelCount / PackedMatrix.PanelsPerTile;
        var items = worker.Schedule(panelGroups * ((rows + RowBlock - 1) / RowBlock));
        while (items.TryTake(out var item))
        {
            var (block, panelGroup) = Math.DivRem(item, panelGroups);
            var next = items.PredictNext(item) is { } following ? following % panelGroups * PackedMatrix.PanelsPerTile : (int?)null;
            MultiplyPanelGroup(matrix, panelGroup * PackedMatrix.PanelsPerTile, next, input, (block * RowBlock, Math.Min(rows, (block + 1) * RowBlock)), tile, epilogue);
        }
    }

    /// <summary>Starts to fetch what a thread's share of a product begins with.</summary>
    public static void PrefetchFirst(PackedMatrix matrix, PoolWorker worker)
    {
        var (first, _) = worker.Partition((int)(matrix.PanelCount / PackedMatrix.PanelsPerTile * PoolWorker.StaticFraction));
        for (var panel = 0; panel < PackedMatrix.PanelsPerTile; panel++)
        {
            var start = matrix.Panels + (((first * PackedMatrix.PanelsPerTile) + panel) * matrix.PanelBytes);
            for (var line = 0; line < Math.Min(FirstPrefetchBytes, matrix.PanelBytes); line += Alignment.CacheLineBytes)
            {
                TSimd.Prefetch(start + line);
            }
        }
    }

    /// <summary>All rows of a block times the panels of one tile.</summary>
    /// <param name="nextPanel">The first panel of the panelGroup after this one; null where there is none.</param>
    private static void MultiplyPanelGroup<TEpilogue>(
        PackedMatrix matrix, int firstPanel, int? nextPanel, float* input, (int First, int End) rows, MatMulTile tile, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<TVector>
    {
        var groups = TSimd.Has32Registers ? (rows.End - rows.First) / 8 : 0;
        for (var panel = firstPanel; groups > 0 && panel < firstPanel + PackedMatrix.PanelsPerTile; panel++)
        {
            SelectPanel(matrix, panel, ref tile);
            PlanPrefetch(matrix, ref tile, groups, panel + 1 < firstPanel + PackedMatrix.PanelsPerTile ? panel + 1 : nextPanel);
            for (var group = 0; group < groups; group++)
            {
                SelectRows(ref tile, input, rows.First + (8 * group));
                MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>.Tile8x2(tile, epilogue);
                tile.PrefetchStart += (long)tile.PrefetchLines * Alignment.CacheLineBytes * tile.Pairs;
            }
        }

        SelectPanel(matrix, firstPanel, ref tile);
        for (var row = rows.First + (8 * groups); row < rows.End;)
        {
            PlanPrefetch(matrix, ref tile, isFirst: row == rows.First, rows.End - row);
            SelectRows(ref tile, input, row);
            row += MultiplyRemainder(tile, rows.End - row, epilogue);
        }
    }

    /// <summary>As many rows as one tile of two panels takes; returns their number.</summary>
    private static int MultiplyRemainder<TEpilogue>(in MatMulTile tile, int rows, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<TVector>
    {
        if (TSimd.Has32Registers && rows >= 4)
        {
            MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>.Tile4x4(tile, epilogue);
            return 4;
        }

        if (rows >= 2)
        {
            MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>.Tile2x4(tile, epilogue);
            return 2;
        }

        MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>.Tile1x4(tile, epilogue);
        return 1;
    }

    private static void SelectPanel(PackedMatrix matrix, int panel, ref MatMulTile tile)
    {
        tile.Panel = panel;
        tile.Weights = matrix.Panels + (panel * matrix.PanelBytes);
    }

    private static void SelectRows(ref MatMulTile tile, float* input, int row)
    {
        tile.Row = row;
        tile.Input = input + (row * tile.InputStride);
    }

    /// <summary>
    /// Eight rows do so much with each weight that the processor looks too short a way prefetch to keep the memory busy, so weights are asked for early: those
    /// a little further on where one tile uses a panel, and the next panel's, spread evenly over the tiles, where several do.
    /// </summary>
    private static void PlanPrefetch(PackedMatrix matrix, ref MatMulTile tile, int tiles, int? nextPanel)
    {
        tile.PrefetchStart = tiles == 1 ? tile.Weights + PrefetchDistance : matrix.Panels + (nextPanel.GetValueOrDefault() * matrix.PanelBytes);
        tile.PrefetchLines = tiles == 1 || nextPanel is not null ? PrefetchLinesPerPair(matrix, tiles) : 0;
    }

    /// <summary>
    /// A tile of few rows needs the same where few bytes keep it busy for long: weights of 8 bits, or 4 rows. Otherwise the processor finds the way itself
    /// and early requests are in its way. Rows after the first ones find the weights in the cache.
    /// </summary>
    private static void PlanPrefetch(PackedMatrix matrix, ref MatMulTile tile, bool isFirst, int rows)
    {
        tile.PrefetchStart = tile.Weights + PrefetchDistance;
        tile.PrefetchLines = isFirst && (TLayout.IsScaled || rows >= 4) ? PrefetchLinesPerPair(matrix, tiles: 1) : 0;
    }

    /// <summary>Cache lines of a panel for a pair of inputs, divided among some tiles.</summary>
    private static int PrefetchLinesPerPair(PackedMatrix matrix, int tiles)
    {
        var bytes = (int)matrix.BlockBytes * PackedMatrix.VectorsPerPanel;
        return (bytes + (Alignment.CacheLineBytes * tiles) - 1) / (Alignment.CacheLineBytes * tiles);
    }
}
