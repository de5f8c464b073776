using System.Diagnostics;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>Compares VQ decode on our engine with libtorch, both float32 on the CPU.</summary>
public static class VqDecodeBenchmark
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);

    /// <param name="grid">Size of the token grid.</param>
    /// <param name="batches">Images decoded at once, one measurement each.</param>
    /// <param name="runs">Runs of each measurement.</param>
    public static VqDecodeReport Run(
        VqTokenizer tokenizer, (int Height, int Width) grid, IReadOnlyList<int> batches, int threads, int runs, CancellationToken cancellation)
    {
        set_num_threads(threads);
        using var frozen = no_grad();
        tokenizer.eval();
        using var pool = new ComputeThreadPool(threads, adaptive: false);
        using var ours = new SimdVqDecoder(tokenizer.Config, WeightSource.Of(tokenizer), grid, pool);
        using var libtorch = new TorchVqDecoder(tokenizer, grid.Height, grid.Width, CPU);
        var lines = new List<VqDecodeLine>();
        foreach (var images in batches)
        {
            var inputs = Inputs(tokenizer.Config, grid, images);
            lines.Add(new VqDecodeLine(images, Measure(ours, inputs, images, runs, cancellation), Measure(libtorch, inputs, images, runs, cancellation)));
        }

        return new VqDecodeReport(grid.Width * tokenizer.Config.DownsampleFactor, threads, lines);
    }

    private static (int[] Tokens, float[] Pixels) Inputs(TokenizerConfig config, (int Height, int Width) grid, int images)
    {
        var random = new Random(17);
        int[] tokens = [.. Enumerable.Range(0, images * grid.Height * grid.Width).Select(_ => random.Next(config.CodebookSize))];
        return (tokens, new float[tokens.Length * config.DownsampleFactor * config.DownsampleFactor * 3]);
    }

    /// <summary>All runs of one decoder follow each other: libtorch's threads spin for a while after their work and would slow down the other.</summary>
    private static VqDecodeTimes Measure(
        IVqDecoder decoder, (int[] Tokens, float[] Pixels) inputs, int images, int runs, CancellationToken cancellation)
    {
        var warmUp = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(warmUp) < WarmUp) // until the JIT is done and the other decoder's threads sleep
        {
            decoder.Decode(inputs.Tokens, inputs.Pixels, cancellation);
        }

        var milliseconds = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            decoder.Decode(inputs.Tokens, inputs.Pixels, cancellation);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds / images);
        }

        return new VqDecodeTimes(Medians.Of(milliseconds, time => time), milliseconds.Min());
    }
}

/// <summary>Result of <see cref="VqDecodeBenchmark"/>.</summary>
/// <param name="Side">Width of the decoded images, pixels.</param>
public sealed record VqDecodeReport(int Side, int Threads, IReadOnlyList<VqDecodeLine> Lines);

/// <summary>Both decoders with the same number of images at once.</summary>
public sealed record VqDecodeLine(int Images, VqDecodeTimes Engine, VqDecodeTimes Libtorch);

/// <summary>Milliseconds per image.</summary>
public sealed record VqDecodeTimes(double Median, double Best);
