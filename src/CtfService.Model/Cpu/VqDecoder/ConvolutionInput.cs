using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>The element-wise operation before a convolution.</summary>
internal enum Activation
{
    /// <summary>Copies the features.</summary>
    None,

    /// <summary>Group norm: scale * x + shift.</summary>
    Normalized,

    /// <summary>Group norm, then SiLU: silu(scale * x + shift).</summary>
    NormalizedSilu,
}

/// <summary>
/// Writes the input of a convolution: normalized and activated features, with zero padding if the map has any. A work item is one row of one image.
/// </summary>
internal static unsafe class ConvolutionInput<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Writes one thread's part. Every thread of the pool must call it.</summary>
    /// <param name="norm">The weights of the group norm; null to copy.</param>
    /// <param name="statistics">The statistics of <paramref name="input"/>.</param>
    /// <param name="scratch">3 C floats that belong to the thread.</param>
    public static void Run(
        PackedNorm? norm,
        Activation activation,
        FeatureMap input,
        FeatureMap output,
        GroupNormStatistics statistics,
        int images,
        PoolWorker worker,
        float* scratch)
    {
        float* scales = scratch, shifts = scales + input.Stride, means = shifts + input.Stride;
        var currentImage = -1;
        var items = worker.Schedule(images * input.Height);
        while (items.TryTake(out var item))
        {
            var (image, row) = Math.DivRem(item, input.Height);
            if (norm is not null && image != currentImage)
            {
                statistics.ComputeScaleShift<TVector, TSimd>(input, image, norm, means, scales, shifts);
                currentImage = image;
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

    /// <summary>Clears the padding left and right of a row, above the first row and below the last.</summary>
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
