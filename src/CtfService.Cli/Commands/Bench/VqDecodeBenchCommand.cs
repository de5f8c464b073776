using System.CommandLine;
using System.Diagnostics;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Threads;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Tokenizer;
using Spectre.Console;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench vq-decode</c>: how fast tokens become pixels, on our engine and by libtorch.</summary>
internal static class VqDecodeBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of a bundle.");
        var preset = new Option<string?>("--preset") { Description = $"A published tokenizer with random weights in place of the bundle's: {string.Join(", ", PublishedTokenizers.Configs.Keys)}." };
        preset.AcceptOnlyFromAmong([.. PublishedTokenizers.Configs.Keys]);
        var side = CommandOption.Number("--side", "Cells of a side of a preset's grid.", 16, NumberRange.Between(1, 1_024));
        var batch = CommandOption.Numbers("--batch", "Images at once; several may be given.", [1, 8], Ranges.Batch);
        var threads = CommandOption.Number("--threads", "Threads to compute with.", Environment.ProcessorCount, Ranges.Threads);
        var runs = CommandOption.Number("--runs", "Runs of each size; the median counts.", 15, Ranges.Steps);
        var command = new Command("vq-decode", "Measures VQ decode: our engine, then libtorch, float32 on the CPU.")
        {
            bundle.Option, preset, side, batch, threads, runs,
        };
        command.SetAction((arguments, cancellation) =>
        {
            set_num_threads(arguments.GetValue(threads));
            using var frozen = no_grad();
            var (tokenizer, grid) = arguments.GetValue(preset) is { } name
                ? (new VqTokenizer(PublishedTokenizers.Configs[name]), (arguments.GetValue(side), arguments.GetValue(side)))
                : Load(bundle.Folder(arguments));
            using (tokenizer)
            {
                tokenizer.eval();
                Measure(terminal, tokenizer, grid, new Request([.. arguments.GetRequiredValue(batch).Distinct()], arguments.GetValue(threads), arguments.GetValue(runs)), cancellation);
            }

            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }

    private static void Measure(Terminal terminal, VqTokenizer tokenizer, (int Height, int Width) grid, Request request, CancellationToken cancellation)
    {
        using var team = new ThreadTeam(request.Threads, givesWay: false);
        using var ours = new SimdVqDecoder(tokenizer.Config, WeightSource.Of(tokenizer), grid, team);
        using var libtorch = new TorchVqDecoder(tokenizer, grid.Height, grid.Width, CPU);
        var table = new Table().Title($"VQ decode to {grid.Width * tokenizer.Config.DownsampleFactor} pixels a side, {request.Threads} threads: ms an image, median (best)");
        table.AddColumns("images at once", "engine", "libtorch", "libtorch over engine");
        foreach (var images in request.Batches)
        {
            var inputs = Inputs(tokenizer.Config, grid, images);
            var engine = Times(ours, inputs, images, request.Runs, cancellation);
            var torch = Times(libtorch, inputs, images, request.Runs, cancellation);
            table.AddRow($"{images}", Cell(engine), Cell(torch), FormattableString.Invariant($"{Median(torch) / Median(engine):0.0}"));
        }

        BenchTables.Write(terminal.Output, table);
    }

    private static (int[] Tokens, float[] Pixels) Inputs(TokenizerConfig config, (int Height, int Width) grid, int images)
    {
        var random = new Random(17);
        int[] tokens = [.. Enumerable.Range(0, images * grid.Height * grid.Width).Select(_ => random.Next(config.CodebookSize))];
        return (tokens, new float[tokens.Length * config.DownsampleFactor * config.DownsampleFactor * 3]);
    }

    /// <summary>Milliseconds an image. All runs of a decoder follow one another: libtorch's threads go on spinning after their work and would hold up those of the other.</summary>
    private static List<double> Times(IVqDecoder decoder, (int[] Tokens, float[] Pixels) inputs, int images, int runs, CancellationToken cancellation)
    {
        var times = new List<double>();
        var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 2);
        while (Stopwatch.GetTimestamp() < until) // late compilation, and the threads of whoever ran before
        {
            decoder.Decode(inputs.Tokens, inputs.Pixels, cancellation);
        }

        for (var run = 0; run < runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            decoder.Decode(inputs.Tokens, inputs.Pixels, cancellation);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds / images);
        }

        return times;
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static string Cell(List<double> times) => FormattableString.Invariant($"{Median(times):0.00} ({times.Min():0.00})");

    private static (VqTokenizer Tokenizer, (int Height, int Width) Grid) Load(string directory)
    {
        var bundle = BundleReader.Open(directory);
        var tokenizer = new VqTokenizer(bundle.Manifest.Tokenizer with { TracksUsage = false });
        using var weights = SafetensorsFile.Open(bundle.TokenizerPath);
        StateDictLoader.Load(tokenizer, weights);
        return (tokenizer, (bundle.Manifest.Coarse.GridHeight, bundle.Manifest.Coarse.GridWidth));
    }

    private sealed record Request(IReadOnlyList<int> Batches, int Threads, int Runs);
}
