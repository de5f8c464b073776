using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Cpu.MatMul;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench method</c>: compares coarse-to-fine prediction with a plain model of the same size over the whole codebook.</summary>
internal static class MethodBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var preset = BenchOptions.Preset("Size of all three transformers:", "L");
        var codewords = CommandOption.Number("--codewords", "Size of the codebook.", 16384, NumberRange.Between(2, 1 << 24));
        var clusters = CommandOption.Number("--clusters", "Number of clusters, at most the number of codewords.", 512, Ranges.Clusters);
        var batch = BenchOptions.Batch("Images that start together, one or more numbers.", 1, 8, 32);
        var dtype = CommandOption.Choice("--dtype", "Weight format:", WeightFormat.Float32);
        var steps = CommandOption.Number("--steps", "Decode steps of one run.", 16, Ranges.Steps);
        var json = BenchOptions.Json();
        var command = new Command("method", "Compares coarse-to-fine prediction, fine pass included, with the plain model; both with guidance.")
        {
            preset, codewords, clusters, batch, dtype, steps, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            UsageException.ThrowIfAny([Ranges.ClustersProblem(arguments.GetValue(clusters), arguments.GetValue(codewords))]);
            TorchThreads.UseAllCores();
            List<int> batches = [.. arguments.GetRequiredValue(batch).Distinct()];
            var (size, format) = (arguments.GetRequiredValue(preset), arguments.GetValue(dtype));
            using var benchmark = new MethodBenchmark(size, arguments.GetValue(codewords), arguments.GetValue(clusters), batches.Max(), format);
            var lines = batches.Select(images =>
            {
                terminal.Error.WriteLine($"batch {images}");
                return benchmark.Measure(images, arguments.GetValue(steps), cancellation);
            }).ToList();
            ReportOutput.Write(terminal.Output, lines, arguments.GetValue(json), found => [Table(size, format, found)]);
        });
        return command;
    }

    private static Table Table(string preset, WeightFormat format, IEnumerable<MethodLine> lines)
    {
        string Text(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
        var table = new Table().Title($"GPT-{preset}, {format}, guidance on: seconds for the tokens of all images; medians of {MethodBenchmark.Runs} runs");
        table.AddColumns("images", "coarse", "fine", "coarse to fine", "plain", "times plain");
        foreach (var line in lines)
        {
            double[] figures = [line.CoarseSeconds, line.FineSeconds, line.CoarseSeconds + line.FineSeconds, line.PlainSeconds, line.TimesPlain];
            table.AddRow([$"{line.Images}", .. figures.Select(Text)]);
        }

        return table;
    }
}
