using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Tokenizer;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench vq-decode</c>: compares VQ decode on our engine with libtorch.</summary>
internal static class VqDecodeBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of a bundle.");
        var preset = CommandOption.OptionalChoice(
            "--preset", "A published tokenizer with random weights instead of the bundle's:", [.. PublishedTokenizers.Configs.Keys]);
        var side = CommandOption.Number("--side", "Side of the token grid of a preset.", 16, NumberRange.Between(1, 1_024));
        var batch = BenchOptions.Batch("Images decoded at once, one or more numbers.", 1, 8);
        var threads = BenchOptions.Threads();
        var runs = CommandOption.Number("--runs", "Runs of each size; the median counts.", 15, Ranges.Steps);
        var command = new Command("vq-decode", "Compares VQ decode on our engine with libtorch, float32 on the CPU.")
        {
            bundle.Option, preset, side, batch, threads, runs,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var (tokenizer, grid) = arguments.GetValue(preset) is { } name
                ? (new VqTokenizer(PublishedTokenizers.Configs[name]), (arguments.GetValue(side), arguments.GetValue(side)))
                : BundleParts.LoadTokenizer(bundle.Folder(arguments));
            using (tokenizer)
            {
                List<int> batches = [.. arguments.GetRequiredValue(batch).Distinct()];
                var report = VqDecodeBenchmark.Run(tokenizer, grid, batches, arguments.GetValue(threads), arguments.GetValue(runs), cancellation);
                ReportTables.Write(terminal.Output, Table(report));
            }
        });
        return command;
    }

    private static Table Table(VqDecodeReport report)
    {
        var table = new Table().Title($"VQ decode to {report.Side} pixels a side, {report.Threads} threads: ms per image, median (best)");
        table.AddColumns("images at once", "engine", "libtorch", "libtorch over engine");
        foreach (var line in report.Lines)
        {
            var ratio = line.Libtorch.Median / line.Engine.Median;
            table.AddRow($"{line.Images}", Text(line.Engine), Text(line.Libtorch), ratio.ToString("0.0", CultureInfo.InvariantCulture));
        }

        return table;
    }

    private static string Text(VqDecodeTimes times) => FormattableString.Invariant($"{times.Median:0.00} ({times.Best:0.00})");
}
