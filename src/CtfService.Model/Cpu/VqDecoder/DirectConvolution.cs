using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>One convolution over some images. A work item is one panel of outputs for one block of pixels, with the statistics of what it wrote.</summary>
internal static unsafe class DirectConvolution<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Weights up to this size stay in the second-level cache while block after block passes by; of larger ones only a panel does.</summary>
    private const long CachedBytes = 640 << 10;

    /// <summary>Computes the share of one thread.</summary>
    /// <param name="input">With padding where the window is larger than a pixel.</param>
    /// <param name="output">Twice as high and wide where the convolution doubles; without padding.</param>
    /// <param name="accumulates">Whether the output holds what the result is added to.</param>
    /// <param name="statistics">Takes those of the output; null where nobody asks.</param>
    public static void Run(PackedConvolution weights, FeatureMap input, FeatureMap output, bool accumulates, GroupNormStatistics? statistics, int images, PoolWorker worker)
    {
        var blocks = images * output.AllBlocks;
        var byBlock = weights.PhaseBytes <= CachedBytes;
        var items = worker.Schedule(blocks * weights.PanelCount);
        while (items.TryTake(out var item))
        {
            // The phase is outermost in both orders: each has weights of its own.
            var (phase, inPhase) = Math.DivRem(item, images * output.Blocks * weights.PanelCount);
            var (imageBlock, panel) = byBlock
                ? Math.DivRem(inPhase, weights.PanelCount)
                : (inPhase % (images * output.Blocks), inPhase / (images * output.Blocks));
            var (image, block) = Math.DivRem(imageBlock, output.Blocks);
            RunItem(weights, input, output, accumulates, statistics, (image, phase, block, panel));
        }
    }

    private static void RunItem(
        PackedConvolution weights, FeatureMap input, FeatureMap output, bool accumulates, GroupNormStatistics? statistics, (int Image, int Phase, int Block, int Panel) item)
    {
        var windows = stackalloc float*[FeatureMap.BlockPixels];
        var targets = stackalloc float*[FeatureMap.BlockPixels];
        var discarded = stackalloc float[VectorPair<TVector, TSimd>.Lanes];
        var slot = (item.Phase * output.Blocks) + item.Block;
        var pixels = output.PixelsOf(slot);
        ResolveAddresses(weights, input, output, item, pixels, windows, targets);
        for (var unused = pixels; unused < FeatureMap.BlockPixels; unused++)
        {
            windows[unused] = windows[pixels - 1];
            targets[unused] = discarded;
        }

        ConvolutionMicroKernel<TVector, TSimd>.Run(TileOf(weights, input, accumulates, item.Phase, item.Panel), windows, targets, pixels);
        statistics?.Record<TVector, TSimd>(output, item.Image, slot, item.Panel * VectorPair<TVector, TSimd>.Lanes, targets, pixels);
    }

    private static ConvolutionTile TileOf(PackedConvolution weights, FeatureMap input, bool accumulates, int phase, int panel) => new()
    {
        Weights = weights.Panel(phase, panel),
        Bias = weights.Bias(panel),
        Rows = weights.KernelSize,
        RowLength = weights.KernelSize * input.Stride,
        RowSkip = (nint)input.RowStride - (weights.KernelSize * input.Stride),
        Accumulates = accumulates,
    };

    /// <summary>Where the windows of a block's pixels begin and where their results go.</summary>
    private static void ResolveAddresses(
        PackedConvolution weights,
        FeatureMap input,
        FeatureMap output,
        (int Image, int Phase, int Block, int Panel) item,
        int pixels,
        float** windows,
        float** targets)
    {
        var scale = weights.Phases == 1 ? 1 : 2;
        var (phaseRow, phaseColumn) = Math.DivRem(item.Phase, 2);
        var (row, column) = Math.DivRem(item.Block * FeatureMap.BlockPixels, input.Width);
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            windows[pixel] = input.Pixel(item.Image, row + phaseRow - input.Padding, column + phaseColumn - input.Padding);
            targets[pixel] = output.Pixel(item.Image, (scale * row) + phaseRow, (scale * column) + phaseColumn) + (item.Panel * VectorPair<TVector, TSimd>.Lanes);
            column++;
            if (column == input.Width)
            {
                (row, column) = (row + 1, 0);
            }
        }
    }
}
