using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EngineBenchmarks;
using CtfService.EngineBenchmarks.Acceptance;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench images</c>: how fast a bundle makes whole images, and how long each stage takes.</summary>
internal static class ImagesBenchCommand
{
    private const int Runs = 5;
    private const int Clusters = 512;

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var batch = BenchOptions.Batch("Images that start together, one or more numbers.", 1, 8, 32);
        var rows = CommandOption.Number(
            "--rows", "Rows of a decode step, or more for the largest batch; windows use those that are left.", 16, NumberRange.Between(2, 65_536));
        var preset = CommandOption.OptionalChoice(
            "--preset",
            $"Size of a coarse stage over {Clusters} clusters, in a model with random weights that replaces the bundle:",
            RandomTransformer.Presets);
        var guidance = CommandOption.Number("--guidance", "Guidance scale of a preset, 1 for none.", 1.5f, SamplingSettings.GuidanceScaleRange);
        var window = CommandOption.OptionalNumber(
            "--window",
            "Positions of each image in a step, as far as rows are left; up to --max-window by measurement if omitted. CPU only.",
            NumberRange.Between(1, DecodeWork.LargestWindow));
        var acceptance = CommandOption.Choice(
            "--acceptance",
            "Labels of a window that a step accepts: those that are right, or as many as the shipped model accepted; a preset needs that. CPU only.",
            ["real", "trace"],
            "real");
        var placement = new PlacementOptions();
        var json = BenchOptions.Json();
        var command = new Command("images", $"Measures images/s and the time of an image in each stage; medians of {Runs} runs.")
        {
            bundle.Option, preset, guidance, batch, rows, window, acceptance, placement.Device, placement.Dtype, placement.MaxWindow, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            List<int> batches = [.. arguments.GetRequiredValue(batch).Distinct()];
            using var random = arguments.GetValue(preset) is { } size ? new RandomBundle(size, Clusters, arguments.GetRequiredValue(guidance)) : null;
            var factory = WindowedModel.Factory(
                random?.Directory ?? bundle.Folder(arguments),
                placement.Placement(arguments),
                Math.Max(arguments.GetValue(rows), 2 * batches.Max()),
                arguments.GetValue(placement.MaxWindow),
                arguments.GetValue(window),
                arguments.GetRequiredValue(acceptance) == "trace" ? AcceptanceTrace.Shipped : null);
            using var generator = factory.Load(cancellation);
            List<ImagesLine> lines = [.. batches.Select(images => Measure(generator, images, cancellation))];
            ReportOutput.Write(terminal.Output, lines, arguments.GetValue(json), found => [Table(generator.Model.Name, found)]);
        });
        return command;
    }

    private static ImagesLine Measure(IImageGenerator generator, int images, CancellationToken cancellation)
    {
        var model = generator.Model;
        var specifications = Enumerable.Range(0, images)
            .Select(i => new ImageSpecification(i % model.Classes.Count, (ulong)i, model.DefaultCoarse, model.DefaultFine)).ToList();
        generator.Generate(specifications, cancellation); // warms up
        var runs = new List<(TimeSpan Total, IReadOnlyList<GeneratedImage> Images)>();
        for (var run = 0; run < Runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            var finished = generator.Generate(specifications, cancellation);
            runs.Add((Stopwatch.GetElapsedTime(started), finished));
        }

        double Median(Func<StageTimings, TimeSpan> time) => Medians.Of(runs, run => time(run.Images[^1].Timings).TotalMilliseconds);
        var total = Medians.Of(runs, run => run.Total.TotalMilliseconds);
        var steps = Medians.Of(runs, run => run.Images.Average(image => image.DecodeSteps));
        return new ImagesLine(
            images,
            1000 * images / total,
            total,
            Median(stages => stages.Coarse),
            Median(stages => stages.Fine),
            Median(stages => stages.VqDecode),
            steps,
            model.TokenCount / steps);
    }

    private static Table Table(string model, IEnumerable<ImagesLine> lines)
    {
        var table = new Table().Title($"{model}: images that start together; medians of {Runs} runs");
        table.AddColumns("images", "images/s", "total ms", "coarse", "fine", "VQ decode", "steps", "labels/step");
        foreach (var line in lines)
        {
            double[] figures =
            [
                line.ImagesPerSecond, line.TotalMilliseconds, line.CoarseMilliseconds, line.FineMilliseconds, line.VqDecodeMilliseconds,
                line.StepsPerImage, line.LabelsPerStep,
            ];
            table.AddRow([$"{line.Images}", .. figures.Select(figure => figure.ToString("0.0", CultureInfo.InvariantCulture))]);
        }

        return table;
    }

    /// <param name="CoarseMilliseconds">Time in the stage of the image that finished last; the same holds for the other stages.</param>
    /// <param name="StepsPerImage">Mean number of decode steps of an image.</param>
    /// <param name="LabelsPerStep">Labels of an image that a step accepted, on average.</param>
    private sealed record ImagesLine(
        int Images,
        double ImagesPerSecond,
        double TotalMilliseconds,
        double CoarseMilliseconds,
        double FineMilliseconds,
        double VqDecodeMilliseconds,
        double StepsPerImage,
        double LabelsPerStep);
}
