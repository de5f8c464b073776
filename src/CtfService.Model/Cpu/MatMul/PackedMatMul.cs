using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// Matrix product of float32 rows [M, K] and a <see cref="PackedMatrix"/> [K, N]: the loops around the micro-kernel (the macro-kernel, as BLIS calls it).
/// </summary>
/// <remarks>
/// Loop order, outermost first: blocks of <see cref="RowBlock"/> rows; groups of two panels; register tiles of the block's rows; in the micro-kernel all of K.
/// A work item of a thread is one panel group times one row block, so weights come from memory once and from the cache for all further rows of the block.
/// K is not blocked: a sum stays in its register from the first input to the last, and the epilogue runs once, right after it. Only weights are packed;
/// inputs are read in place, one broadcast float at a time.
/// </remarks>
internal static unsafe class PackedMatMul<TVector, TSimd, TLayout>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
{
    /// <summary>Rows of a block (BLIS's MC): as many as fit in the second-level cache together with a panel group.</summary>
    private const int RowBlock = 128;

    /// <summary>Bytes of each panel to prefetch before a product begins.</summary>
    private const int FirstPrefetchBytes = 8 << 10;

    /// <summary>Bytes between a weight in use and the one to prefetch: memory latency times bandwidth, with some margin.</summary>
    private const int PrefetchDistance = 4 << 10;

    /// <summary>Computes one thread's part of a product. Every thread of the pool must call it.</summary>
    /// <param name="input">[rows, stride]; the padding of an odd K must be zero.</param>
    public static void Multiply<TEpilogue>(PackedMatrix matrix, float* input, long inputStride, int rows, TEpilogue epilogue, PoolWorker worker)
        where TEpilogue : struct, IEpilogue<TVector>
    {
        var tile = new MatMulTile
        {
            PanelBytes = matrix.PanelBytes,
            BlockBytes = matrix.BlockBytes,
            Scales = matrix.Scales,
            Pairs = matrix.Pairs,
            InputStride = inputStride,
        };

        // Row blocks are the outer loop: all panel groups of the first block come before those of the second.
        var panelGroups = matrix.PanelCount / PackedMatrix.PanelsPerTile;
        var items = worker.Schedule(panelGroups * ((rows + RowBlock - 1) / RowBlock));
        while (items.TryTake(out var item))
        {
            var (block, panelGroup) = Math.DivRem(item, panelGroups);
            var next = items.PredictNext(item) is { } following ? following % panelGroups * PackedMatrix.PanelsPerTile : (int?)null;
            MultiplyPanelGroup(
                matrix, panelGroup * PackedMatrix.PanelsPerTile, next, input, (block * RowBlock, Math.Min(rows, (block + 1) * RowBlock)), tile, epilogue);
        }
    }

    /// <summary>Prefetches the start of the panels that the thread multiplies first.</summary>
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

    /// <summary>
    /// Multiplies a block of rows by a panel group: first tiles of 8 rows, panel by panel, then smaller tiles over both panels for the remaining rows.
    /// </summary>
    /// <param name="nextPanel">The first panel of the work item after this one; null if there is none.</param>
    private static void MultiplyPanelGroup<TEpilogue>(
        PackedMatrix matrix, int firstPanel, int? nextPanel, float* input, (int First, int End) rows, MatMulTile tile, TEpilogue epilogue)
        where TEpilogue : struct, IEpilogue<TVector>
    {
        var fullTiles = TSimd.Has32Registers ? (rows.End - rows.First) / 8 : 0;
        for (var panel = firstPanel; fullTiles > 0 && panel < firstPanel + PackedMatrix.PanelsPerTile; panel++)
        {
            SelectPanel(matrix, panel, ref tile);
            PlanPrefetch(matrix, ref tile, fullTiles, panel + 1 < firstPanel + PackedMatrix.PanelsPerTile ? panel + 1 : nextPanel);
            for (var fullTile = 0; fullTile < fullTiles; fullTile++)
            {
                SelectRows(ref tile, input, rows.First + (8 * fullTile));
                MatMulMicroKernel<TVector, TSimd, TLayout, TEpilogue>.Tile8x2(tile, epilogue);
                tile.PrefetchStart += (long)tile.PrefetchLines * Alignment.CacheLineBytes * tile.Pairs;
            }
        }

        SelectPanel(matrix, firstPanel, ref tile);
        for (var row = rows.First + (8 * fullTiles); row < rows.End;)
        {
            PlanPrefetch(matrix, ref tile, isFirst: row == rows.First, rows.End - row);
            SelectRows(ref tile, input, row);
            row += MultiplyRemainder(tile, rows.End - row, epilogue);
        }
    }

    /// <summary>Runs the largest tile of two panels that the remaining rows fill.</summary>
    /// <returns>The number of rows in the tile.</returns>
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
    /// Sets what tiles of 8 rows prefetch. They compute so long with each weight that the out-of-order window does not reach far enough ahead to keep
    /// memory busy. If one tile uses the panel, it prefetches later weights of the same panel; if several do, they share the next panel evenly.
    /// </summary>
    private static void PlanPrefetch(PackedMatrix matrix, ref MatMulTile tile, int tiles, int? nextPanel)
    {
        tile.PrefetchStart = tiles == 1 ? tile.Weights + PrefetchDistance : matrix.Panels + (nextPanel.GetValueOrDefault() * matrix.PanelBytes);
        tile.PrefetchLines = tiles == 1 || nextPanel is not null ? PrefetchLinesPerPair(matrix, tiles) : 0;
    }

    /// <summary>
    /// Sets what smaller tiles prefetch: later weights of the same panels if a tile computes long per byte (8-bit weights, or 4 rows). Otherwise the hardware
    /// prefetcher keeps up, and software prefetches slow it down. Only the first tile prefetches; further rows find the weights in the cache.
    /// </summary>
    private static void PlanPrefetch(PackedMatrix matrix, ref MatMulTile tile, bool isFirst, int rows)
    {
        tile.PrefetchStart = tile.Weights + PrefetchDistance;
        tile.PrefetchLines = isFirst && (TLayout.IsScaled || rows >= 4) ? PrefetchLinesPerPair(matrix, tiles: 1) : 0;
    }

    /// <summary>Returns the cache lines that each of some tiles prefetches per pair of inputs, so that together they prefetch a panel.</summary>
    private static int PrefetchLinesPerPair(PackedMatrix matrix, int tiles)
    {
        var bytes = (int)matrix.BlockBytes * PackedMatrix.VectorsPerPanel;
        return (bytes + (Alignment.CacheLineBytes * tiles) - 1) / (Alignment.CacheLineBytes * tiles);
    }
}

/// <summary>The arguments of a micro-kernel: MR rows of the input, one or two panels of the weights, and the weights to prefetch.</summary>
internal unsafe struct MatMulTile
{
    /// <summary>Start of the first panel.</summary>
    public byte* Weights;

    /// <summary>Bytes from one panel to the next.</summary>
    public long PanelBytes;

    /// <summary>Bytes from a panel's first vector of output features to its second. The next pair of inputs follows after twice as many.</summary>
    public long BlockBytes;

    /// <summary>[output features of the matrix]: the scales of quantized weights.</summary>
    public float* Scales;

    /// <summary>Pairs of input features: half of K, rounded up.</summary>
    public int Pairs;

    /// <summary>Start of the first row of the input.</summary>
    public float* Input;

    /// <summary>Floats from one row of the input to the next.</summary>
    public long InputStride;

    /// <summary>Index of the first row.</summary>
    public int Row;

    /// <summary>Index of the first panel.</summary>
    public int Panel;

    /// <summary>Start of the weights to prefetch: those of a later tile, or later ones of this tile.</summary>
    public byte* PrefetchStart;

    /// <summary>Cache lines to prefetch per pair of inputs and panel; 0 for none.</summary>
    public int PrefetchLines;
}
