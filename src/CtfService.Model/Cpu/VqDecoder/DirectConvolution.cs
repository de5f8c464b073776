using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// A direct convolution over some images: the loops around <see cref="ConvolutionMicroKernel{TVector, TSimd}"/>. A work item is one panel of outputs for
/// one block of pixels; it also records the statistics of what it wrote, while that is in the first-level cache.
/// </summary>
internal static unsafe class DirectConvolution<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>
    /// Up to this size the weights of a phase stay in the second-level cache, so blocks of pixels are the outer loop and panels the inner one. With larger
    /// weights only a panel stays there, and panels are the outer loop.
    /// </summary>
    private const long CachedBytes = 640 << 10;

    /// <summary>Computes one thread's part. Every thread of the pool must call it.</summary>
    /// <param name="input">With padding if the window is larger than a pixel.</param>
    /// <param name="output">Without padding; twice as high and wide if the convolution upsamples.</param>
    /// <param name="accumulates">Whether to add the result to the output.</param>
    /// <param name="statistics">Receives the statistics of the output; null if they are not needed.</param>
    public static void Run(
        PackedConvolution weights, FeatureMap input, FeatureMap output, bool accumulates, GroupNormStatistics? statistics, int images, PoolWorker worker)
    {
        var blocks = images * output.AllBlocks;
        var blocksOutermost = weights.PhaseBytes <= CachedBytes;
        var items = worker.Schedule(blocks * weights.PanelCount);
        while (items.TryTake(out var item))
        {
            // The phase is the outermost loop in both orders, because each phase has its own weights.
            var (phase, inPhase) = Math.DivRem(item, images * output.Blocks * weights.PanelCount);
            var (imageBlock, panel) = blocksOutermost
                ? Math.DivRem(inPhase, weights.PanelCount)
                : (inPhase % (images * output.Blocks), inPhase / (images * output.Blocks));
            var (image, block) = Math.DivRem(imageBlock, output.Blocks);
            RunItem(weights, input, output, accumulates, statistics, (image, phase, block, panel));
        }
    }

    private static void RunItem(
        PackedConvolution weights,
        FeatureMap input,
        FeatureMap output,
        bool accumulates,
        GroupNormStatistics? statistics,
        (int Image, int Phase, int Block, int Panel) item)
    {
        var windows = stackalloc float*[FeatureMap.BlockPixels];
        var targets = stackalloc float*[FeatureMap.BlockPixels];
        var discarded = stackalloc float[VectorPair<TVector, TSimd>.Lanes];
        var outputBlock = (item.Phase * output.Blocks) + item.Block;
        var pixels = output.PixelsOf(outputBlock);
        ResolveAddresses(weights, input, output, item, pixels, windows, targets);
        for (var unused = pixels; unused < FeatureMap.BlockPixels; unused++)
        {
            windows[unused] = windows[pixels - 1];
            targets[unused] = discarded;
        }

        ConvolutionMicroKernel<TVector, TSimd>.Run(TileOf(weights, input, accumulates, item.Phase, item.Panel), windows, targets, pixels);
        statistics?.Record<TVector, TSimd>(output, item.Image, outputBlock, item.Panel * VectorPair<TVector, TSimd>.Lanes, targets, pixels);
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

    /// <summary>Computes the addresses of the windows and of the results of a block's pixels.</summary>
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
            targets[pixel] = output.Pixel(item.Image, (scale * row) + phaseRow, (scale * column) + phaseColumn)
                + (item.Panel * VectorPair<TVector, TSimd>.Lanes);
            column++;
            if (column == input.Width)
            {
                (row, column) = (row + 1, 0);
            }
        }
    }
}
