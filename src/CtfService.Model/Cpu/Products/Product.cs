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

    /// <summary>Computes the share of one thread.</summary>
    /// <param name="input">[rows, stride] of float, zeros where the number of inputs is filled up.</param>
    public static void Multiply<TStore>(PackedMatrix matrix, float* input, long inputStride, int rows, TStore store, TeamShare share)
        where TStore : struct, IProductStore<TVector>
    {
        var (first, end) = share.Of(matrix.PanelCount / PackedMatrix.PanelsPerTile);
        var tile = new ProductTile { PanelBytes = matrix.PanelBytes, Scales = matrix.Scales, Pairs = matrix.Pairs, InputStride = inputStride };
        for (var block = 0; block < rows; block += BlockRows)
        {
            var blockEnd = Math.Min(rows, block + BlockRows);
            for (var strip = first; strip < end; strip++)
            {
                MultiplyStrip(matrix, strip * PackedMatrix.PanelsPerTile, input, (block, blockEnd), tile, store);
            }
        }
    }

    /// <summary>All rows of a block times four panels.</summary>
    private static void MultiplyStrip<TStore>(PackedMatrix matrix, int panel, float* input, (int First, int End) rows, ProductTile tile, TStore store)
        where TStore : struct, IProductStore<TVector>
    {
        var row = rows.First;
        if (TSimd.HasManyRegisters && rows.End - row >= 8)
        {
            var groups = (rows.End - row) / 8;
            for (var pairOfPanels = 0; pairOfPanels < PackedMatrix.PanelsPerTile; pairOfPanels += 2)
            {
                tile.Panel = panel + pairOfPanels;
                tile.Weights = matrix.Panels + (tile.Panel * matrix.PanelBytes);
                FetchAhead(matrix, ref tile, panels: 2, groups);
                for (var group = 0; group < groups; group++)
                {
                    At(ref tile, input, rows.First + (8 * group));
                    ProductTiles<TVector, TSimd, TLayout, TStore>.Rows8(tile, store);
                    tile.Ahead += (long)tile.AheadLines * ProductTile.CacheLine * tile.Pairs;
                }
            }

            row += 8 * groups;
        }

        tile.Panel = panel;
        tile.Weights = matrix.Panels + (panel * matrix.PanelBytes);
        FetchAhead(matrix, ref tile, PackedMatrix.PanelsPerTile, groups: 1);
        while (row < rows.End)
        {
            if (row > rows.First)
            {
                tile.AheadLines = 0; // the rows before have fetched them
            }

            At(ref tile, input, row);
            row += MultiplyFew(tile, rows.End - row, store);
        }
    }

    /// <summary>As many rows as one tile of four panels takes; returns their number.</summary>
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

    private static void At(ref ProductTile tile, float* input, int row)
    {
        tile.Row = row;
        tile.Input = input + (row * tile.InputStride);
    }

    /// <summary>Plans to fetch the panels behind the tile's own, spread evenly over the tiles that use these.</summary>
    private static void FetchAhead(PackedMatrix matrix, ref ProductTile tile, int panels, int groups)
    {
        var next = tile.Panel + panels;
        var pairBytes = TLayout.PairBytes * TSimd.Lanes * panels;
        tile.Ahead = matrix.Panels + (next * matrix.PanelBytes);
        tile.AheadLines = next < matrix.PanelCount ? (pairBytes + (ProductTile.CacheLine * groups) - 1) / (ProductTile.CacheLine * groups) : 0;
    }
}
