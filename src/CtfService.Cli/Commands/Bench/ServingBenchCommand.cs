using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Inference.Queue;
using CtfService.Model.Generation;
using CtfService.Training.Optimization;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench serving</c>: compares continuous with static batching under random arrivals, on the same queue and worker.</summary>
internal static class ServingBenchCommand
{
    private const int Runs = 5;
    private const int Clusters = 512;

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var preset = CommandOption.OptionalChoice(
            "--preset",
            $"Size of a coarse stage over {Clusters} clusters, in a model with random weights that replaces the bundle:",
            RandomTransformer.Presets);
        var guidance = CommandOption.Number("--guidance", "Guidance scale of a preset, 1 for none.", 2f, SamplingSettings.GuidanceScaleRange);
        var rows = CommandOption.Number("--rows", "Rows of a decode step; an image with guidance takes two.", 32, NumberRange.Between(2, 65_536));
        var load = CommandOption.Number("--load", "Arrivals per second, as a fraction of the images/s of full batches.", 0.8, NumberRange.Above(0.0, 100.0));
        var images = CommandOption.Number("--images", "Images of one run.", 200, TrainingRanges.Images);
        var seed = CommandOption.Seed();
        var placement = new PlacementOptions();
        var json = BenchOptions.Json();
        var command = new Command("serving", $"Compares the latency of continuous and static batching under Poisson arrivals; medians of {Runs} runs.")
        {
            bundle.Option, preset, guidance, rows, load, images, seed, placement.Device, placement.Dtype, placement.MaxWindow, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var random = arguments.GetValue(preset) is { } size ? new RandomBundle(size, Clusters, arguments.GetRequiredValue(guidance)) : null;
            var folder = random?.Directory ?? bundle.Folder(arguments);
            var factory = new CtfImageGeneratorFactory(folder, placement.Placement(arguments), arguments.GetValue(rows))
            {
                MaxWindow = arguments.GetValue(placement.MaxWindow),
            };
            var options = new InferenceOptions { MaxBatchRows = arguments.GetValue(rows), MaxQueuedImages = arguments.GetValue(images) };
            await using var served = await ServedModel.StartAsync(folder, factory, options, cancellation);
            var benchmark = new ServingBenchmark(served, arguments.GetValue(images), cancellation);
            await benchmark.OfflineAsync(); // warms up
            var runs = new List<ServingRun>();
            for (var run = 0; run < Runs; run++)
            {
                terminal.Error.WriteLine($"run {run + 1} of {Runs}");
                runs.Add(await benchmark.RunAsync(arguments.GetValue(load), arguments.GetValue(seed) + (ulong)run));
            }

            var report = ServingReport.Of(runs, arguments.GetValue(load));
            ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), found => [Table(served.Description.Name, found)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Table Table(string model, ServingReport report)
    {
        string Text(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new Table().Title(
            $"{model}: Poisson arrivals at {Text(100 * report.Load, "0")} % of the {Text(report.OfflineImagesPerSecond)} images/s of full batches; "
            + $"medians of {Runs} runs");
        table.AddColumns("batching", "mean ms", "p95 ms", "images/s at saturation");
        table.AddRow("static", Text(report.Static.MeanMilliseconds), Text(report.Static.P95Milliseconds), Text(report.OfflineImagesPerSecond));
        table.AddRow("continuous", Text(report.Continuous.MeanMilliseconds), Text(report.Continuous.P95Milliseconds), Text(report.SaturatedImagesPerSecond));
        table.AddRow("ratio", Text(report.MeanRatio, "0.00"), Text(report.P95Ratio, "0.00"), Text(report.SaturationRatio, "0.00"));
        return table;
    }
}
