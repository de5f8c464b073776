using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Images;

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

/// <summary>Writes the input of a convolution: normalised and activated, with zeros around it where its map has a border. A work item is one line of one image.</summary>
internal static unsafe class NormalizationStep<TVector, TSimd>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    /// <summary>Writes the share of one thread.</summary>
    /// <param name="norm">Null for a plain copy.</param>
    /// <param name="scratch">3 x C floats of the thread's own.</param>
    public static void Run(
        PackedNorm? norm, Activation activation, FeatureMap input, FeatureMap output, FeatureStatistics statistics, int images, PoolWorker worker, float* scratch)
    {
        float* factors = scratch, addends = factors + input.Stride, means = addends + input.Stride;
        var resolved = -1;
        var items = worker.Schedule(images * input.Height);
        while (items.TryTake(out var item))
        {
            var (image, line) = Math.DivRem(item, input.Height);
            if (norm is not null && image != resolved)
            {
                statistics.Resolve<TVector, TSimd>(input, image, norm, means, factors, addends);
                resolved = image;
            }

            WriteLine(activation, input, output, image, line, factors, addends);
            if (output.Border > 0)
            {
                ClearBorder(output, image, line);
            }
        }
    }

    private static void WriteLine(Activation activation, FeatureMap input, FeatureMap output, int image, int line, float* factors, float* addends)
    {
        float* source = input.Pixel(image, line, 0), target = output.Pixel(image, line, 0);
        switch (activation)
        {
            case Activation.None:
                new ReadOnlySpan<float>(source, input.Width * input.Stride).CopyTo(new Span<float>(target, input.Width * input.Stride));
                break;
            case Activation.Normalized:
                Normalize(source, target, input.Width, input.Stride, factors, addends);
                break;
            default:
                NormalizeSilu(source, target, input.Width, input.Stride, factors, addends);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalize(float* source, float* target, int pixels, int channels, float* factors, float* addends)
    {
        for (; pixels > 0; pixels--, source += channels, target += channels)
        {
            for (var c = 0; c < channels; c += TSimd.Lanes)
            {
                TSimd.Store(TSimd.MultiplyAdd(TSimd.Load(source + c), TSimd.Load(factors + c), TSimd.Load(addends + c)), target + c);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormalizeSilu(float* source, float* target, int pixels, int channels, float* factors, float* addends)
    {
        for (; pixels > 0; pixels--, source += channels, target += channels)
        {
            for (var c = 0; c < channels; c += TSimd.Lanes)
            {
                var normalized = TSimd.MultiplyAdd(TSimd.Load(source + c), TSimd.Load(factors + c), TSimd.Load(addends + c));
                TSimd.Store(VectorMath<TVector, TSimd>.Silu(normalized), target + c);
            }
        }
    }

    /// <summary>Zeros beside a line, and above the first and below the last.</summary>
    private static void ClearBorder(FeatureMap map, int image, int line)
    {
        new Span<float>(map.Pixel(image, line, -1), map.Stride).Clear();
        new Span<float>(map.Pixel(image, line, map.Width), map.Stride).Clear();
        if (line == 0)
        {
            new Span<float>(map.Pixel(image, -1, -1), checked((int)map.LineStride)).Clear();
        }

        if (line == map.Height - 1)
        {
            new Span<float>(map.Pixel(image, map.Height, -1), checked((int)map.LineStride)).Clear();
        }
    }
}
