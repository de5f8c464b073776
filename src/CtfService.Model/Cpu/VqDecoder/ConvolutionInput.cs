using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>What becomes of a pixel's channels on the way to the next convolution.</summary>
internal enum Activation
{
    /// <summary>They are copied.</summary>
    None,

    /// <summary>factor * x + addend.</summary>
    Normalized,

    /// <summary>silu(factor * x + addend).</summary>
    NormalizedSilu,
}

/// <summary>Writes the input of a convolution: normalised and activated, with zeros around it where its map has padding. A work item is one row of one image.</summary>
internal static unsafe class ConvolutionInput<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Writes the share of one thread.</summary>
    /// <param name="norm">Null for a plain copy.</param>
    /// <param name="scratch">3 x C floats of the thread's own.</param>
    public static void Run(
        PackedNorm? norm, Activation activation, FeatureMap input, FeatureMap output, GroupNormStatistics statistics, int images, PoolWorker worker, float* scratch)
    {
        float* scales = scratch, shifts = scales + input.Stride, means = shifts + input.Stride;
        var current = -1;
        var items = worker.Schedule(images * input.Height);
        while (items.TryTake(out var item))
        {
            var (image, row) = Math.DivRem(item, input.Height);
            if (norm is not null && image != current)
            {
                statistics.ComputeScaleShift<TVector, TSimd>(input, image, norm, means, scales, shifts);
                current = image;
            }

            WriteRow(activation, input, output, image, row, scales, shifts);
            if (output.Padding > 0)
            {
                ClearPadding(output, image, row);
            }
        }
    }

    private static void WriteRow(Activation activation, FeatureMap input, FeatureMap output, int image, int row, float* scales, float* shifts)
    {
        float* source = input.Pixel(image, row, 0), target = output.Pixel(image, row, 0);
        switch (activation)
        {
            case Activation.None:
                new ReadOnlySpan<float>(source, input.Width * input.Stride).CopyTo(new Span<float>(target, input.Width * input.Stride));
                break;
            case Activation.Normalized:
                Normalize(source, target, input.Width, input.Stride, scales, shifts);
                break;
            default:
                NormalizeSilu(source, target, input.Width, input.Stride, scales, shifts);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize(float* source, float* target, int pixels, int channels, float* scales, float* shifts)
    {
        for (; pixels > 0; pixels--, source += channels, target += channels)
        {
            for (var c = 0; c < channels; c += TSimd.Lanes)
            {
                TSimd.Store(TSimd.MultiplyAdd(TSimd.Load(source + c), TSimd.Load(scales + c), TSimd.Load(shifts + c)), target + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormalizeSilu(float* source, float* target, int pixels, int channels, float* scales, float* shifts)
    {
        for (; pixels > 0; pixels--, source += channels, target += channels)
        {
            for (var c = 0; c < channels; c += TSimd.Lanes)
            {
                var normalized = TSimd.MultiplyAdd(TSimd.Load(source + c), TSimd.Load(scales + c), TSimd.Load(shifts + c));
                TSimd.Store(VectorMath<TVector, TSimd>.Silu(normalized), target + c);
            }
        }
    }

    /// <summary>Zeros beside a row, and above the first and below the last.</summary>
    private static void ClearPadding(FeatureMap map, int image, int row)
    {
        new Span<float>(map.Pixel(image, row, -1), map.Stride).Clear();
        new Span<float>(map.Pixel(image, row, map.Width), map.Stride).Clear();
        if (row == 0)
        {
            new Span<float>(map.Pixel(image, -1, -1), checked((int)map.RowStride)).Clear();
        }

        if (row == map.Height - 1)
        {
            new Span<float>(map.Pixel(image, map.Height, -1), checked((int)map.RowStride)).Clear();
        }
    }
}
