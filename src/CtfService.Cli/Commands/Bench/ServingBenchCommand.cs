using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Training.Optimization;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench serving</c>: continuous against static batching under random arrivals, with the same engine.</summary>
internal static class ServingBenchCommand
{
    private const int Runs = 5;
    private const int Clusters = 512;

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var preset = CommandOption.OptionalChoice(
            "--preset", $"A model with random weights instead of the bundle: size of its coarse stage, over {Clusters} clusters:", RandomTransformer.Presets);
        var guidance = CommandOption.Number("--guidance", "Guidance scale of a preset; 1 is off.", 2f, SamplingSettings.GuidanceScaleRange);
        var rows = CommandOption.Number("--rows", "Rows of a decode step; an image with guidance takes two.", 32, NumberRange.Between(2, 65_536));
        var load = CommandOption.Number("--load", "Arrivals per second over the images/s of full batches.", 0.8, NumberRange.Above(0.0, 100.0));
        var images = CommandOption.Number("--images", "Images of one run.", 200, TrainingRanges.Images);
        var seed = CommandOption.Seed();
        var (device, dtype) = PlacementOptions.Create();
        var json = new Option<bool>("--json") { Description = "Print JSON in place of a table." };
        var command = new Command("serving", $"Measures latency under Poisson arrivals, continuous against static batching; medians of {Runs} runs.")
        {
            bundle.Option, preset, guidance, rows, load, images, seed, device, dtype, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var placement = () => ModelPlacement.Parse(arguments.GetRequiredValue(device), arguments.GetRequiredValue(dtype));
            using var random = arguments.GetValue(preset) is { } name ? new RandomBundle(name, Clusters, arguments.GetRequiredValue(guidance)) : null;
            using var generator = new CtfImageGeneratorFactory(random?.Directory ?? bundle.Folder(arguments), placement, arguments.GetValue(rows))
                .Load(cancellation);
            var benchmark = new ServingBenchmark(generator, arguments.GetValue(images), cancellation);
            benchmark.Offline(); // warms up
            var runs = new List<ServingRun>();
            for (var run = 0; run < Runs; run++)
            {
                terminal.Error.WriteLine($"run {run + 1} of {Runs}");
                runs.Add(benchmark.Run(arguments.GetValue(load), arguments.GetValue(seed) + (ulong)run));
            }

            var report = ServingReport.Of(runs, arguments.GetValue(load));
            if (arguments.GetValue(json))
            {
                ReportJson.Write(terminal.Output, report);
            }
            else
            {
                ReportTables.Write(terminal.Output, Table(generator.Model.Name, report));
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static Table Table(string model, ServingReport report)
    {
        string Text(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);
        var table = new Table().Title(
            $"{model}: Poisson arrivals at {Text(100 * report.Load, "0")} % of the {Text(report.OfflineImagesPerSecond)} images/s of full batches; medians of {Runs} runs");
        table.AddColumns("batching", "mean ms", "p95 ms", "images/s at saturation");
        table.AddRow("static", Text(report.Static.MeanMilliseconds), Text(report.Static.P95Milliseconds), Text(report.OfflineImagesPerSecond));
        table.AddRow("continuous", Text(report.Continuous.MeanMilliseconds), Text(report.Continuous.P95Milliseconds), Text(report.SaturatedImagesPerSecond));
        table.AddRow("ratio", Text(report.MeanRatio, "0.00"), Text(report.P95Ratio, "0.00"), Text(report.SaturationRatio, "0.00"));
        return table;
    }
}

/// <summary>Medians over the runs; ratios are taken inside each run first.</summary>
internal sealed record ServingReport(
    double Load, double OfflineImagesPerSecond, double SaturatedImagesPerSecond, Latency Static, Latency Continuous, double MeanRatio, double P95Ratio, double SaturationRatio)
{
    public static ServingReport Of(IReadOnlyList<ServingRun> runs, double load)
    {
        double Median(Func<ServingRun, double> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);
        return new ServingReport(
            load,
            Median(run => run.OfflineImagesPerSecond),
            Median(run => run.SaturatedImagesPerSecond),
            new Latency(Median(run => run.Static.MeanMilliseconds), Median(run => run.Static.P95Milliseconds)),
            new Latency(Median(run => run.Continuous.MeanMilliseconds), Median(run => run.Continuous.P95Milliseconds)),
            Median(run => run.Continuous.MeanMilliseconds / run.Static.MeanMilliseconds),
            Median(run => run.Continuous.P95Milliseconds / run.Static.P95Milliseconds),
            Median(run => run.SaturatedImagesPerSecond / run.OfflineImagesPerSecond));
    }
}
