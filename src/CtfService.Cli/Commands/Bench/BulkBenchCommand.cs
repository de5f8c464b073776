using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Model.Generation;
using CtfService.Training.Optimization;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench bulk</c>: what a bulk job costs interactive images and what they cost the job, on the queue and worker of the service.</summary>
internal static class BulkBenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var defaults = new InferenceOptions();
        var bundle = new BundleOption("Folder of the bundle.");
        var rows = CommandOption.Number(
            "--rows", "Rows of a decode step; an image with guidance takes two.", defaults.MaxBatchRows, NumberRange.Between(2, 65_536));
        var kept = CommandOption.Number(
            "--interactive-rows", "Rows that bulk images leave free.", defaults.InteractiveRows, NumberRange.Between(0, 65_536));
        var load = CommandOption.Number(
            "--load", "Interactive arrivals per second, as a fraction of the images/s of single requests.", 0.5, NumberRange.Above(0.0, 100.0));
        var images = CommandOption.Number("--images", "Interactive images of one run.", 200, TrainingRanges.Images);
        var runs = CommandOption.Number("--runs", "Runs; the medians are printed.", 5, NumberRange.Between(1, 1_000));
        var seed = CommandOption.Seed();
        var placement = new PlacementOptions();
        var json = BenchOptions.Json();
        var command = new Command("bulk", "Measures interactive latency with and without a bulk job in the background, and the rate of the job.")
        {
            bundle.Option, rows, kept, load, images, runs, seed, placement.Device, placement.Dtype, placement.MaxWindow, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = bundle.Folder(arguments);
            var factory = new CtfImageGeneratorFactory(folder, placement.Placement(arguments), arguments.GetValue(rows))
            {
                MaxWindow = arguments.GetValue(placement.MaxWindow),
            };
            var options = new InferenceOptions
            {
                MaxBatchRows = arguments.GetValue(rows),
                InteractiveRows = arguments.GetValue(kept),
                MaxQueuedImages = arguments.GetValue(images),
            };
            await using var served = await ServedModel.StartAsync(folder, factory, options, cancellation);
            var benchmark = new BulkBenchmark(served, arguments.GetValue(images), cancellation);
            var measured = new List<BulkRun>();
            for (var run = 0; run < arguments.GetValue(runs); run++)
            {
                terminal.Error.WriteLine($"run {run + 1} of {arguments.GetValue(runs)}");
                measured.Add(await benchmark.RunAsync(arguments.GetValue(load), arguments.GetValue(seed) + (ulong)run));
            }

            var report = BulkReport.Of(measured, arguments.GetValue(load));
            ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), found => [Table(served.Description.Name, found)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Table Table(string model, BulkReport report)
    {
        string Text(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
        string Ratio(double value) => Text(value, "0.00");
        string[] Times(Latency latency) => [Text(latency.MeanMilliseconds), Text(latency.MedianMilliseconds), Text(latency.P95Milliseconds)];
        var table = new Table().Title(
            $"{model}: Poisson arrivals at {Text(100 * report.Load, "0")} % of the {Text(report.OneByOneImagesPerSecond)} images/s of single requests; "
            + $"medians of {report.Runs} runs");
        table.AddColumns("", "interactive mean ms", "median ms", "p95 ms", "bulk images/s");
        table.AddRow(["alone", .. Times(report.InteractiveAlone), Text(report.BulkAloneImagesPerSecond)]);
        table.AddRow(["together", .. Times(report.InteractiveBesideBulk), Text(report.BulkBesideImagesPerSecond)]);
        table.AddRow("ratio", Ratio(report.MeanRatio), Ratio(report.MedianRatio), Ratio(report.P95Ratio), Ratio(report.BulkShare));
        return table;
    }
}
