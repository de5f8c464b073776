using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.EngineBenchmarks;
using CtfService.Model.Generation;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench images</c>: how fast a bundle makes whole images, and how long each stage takes.</summary>
internal static class ImagesBenchCommand
{
    private const int Runs = 5;

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var batch = BenchOptions.Batch("Images that start together, one or more numbers.", 1, 8, 32);
        var placement = new PlacementOptions();
        var json = BenchOptions.Json();
        var command = new Command("images", $"Measures images/s and the time of an image in each stage; medians of {Runs} runs.")
        {
            bundle.Option, batch, placement.Device, placement.Dtype, placement.MaxWindow, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            List<int> batches = [.. arguments.GetRequiredValue(batch).Distinct()];
            var rows = Math.Max(2, 2 * batches.Max());
            var factory = new CtfImageGeneratorFactory(bundle.Folder(arguments), placement.Placement(arguments), rows)
            {
                MaxWindow = arguments.GetValue(placement.MaxWindow),
            };
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
        var runs = new List<(TimeSpan Total, StageTimings Stages)>();
        for (var run = 0; run < Runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            var finished = generator.Generate(specifications, cancellation);
            runs.Add((Stopwatch.GetElapsedTime(started), finished[^1].Timings));
        }

        double Median(Func<(TimeSpan Total, StageTimings Stages), TimeSpan> time) => Medians.Of(runs, run => time(run).TotalMilliseconds);
        var total = Median(run => run.Total);
        return new ImagesLine(
            images,
            1000 * images / total,
            total,
            Median(run => run.Stages.Coarse),
            Median(run => run.Stages.Fine),
            Median(run => run.Stages.VqDecode));
    }

    private static Table Table(string model, IEnumerable<ImagesLine> lines)
    {
        var table = new Table().Title($"{model}: images that start together; medians of {Runs} runs");
        table.AddColumns("images", "images/s", "total ms", "coarse", "fine", "VQ decode");
        foreach (var line in lines)
        {
            double[] figures =
            [
                line.ImagesPerSecond, line.TotalMilliseconds, line.CoarseMilliseconds, line.FineMilliseconds, line.VqDecodeMilliseconds,
            ];
            table.AddRow([$"{line.Images}", .. figures.Select(figure => figure.ToString("0.0", CultureInfo.InvariantCulture))]);
        }

        return table;
    }

    /// <param name="CoarseMilliseconds">Time in the stage of the image that finished last; the same holds for the other stages.</param>
    private sealed record ImagesLine(
        int Images, double ImagesPerSecond, double TotalMilliseconds, double CoarseMilliseconds, double FineMilliseconds, double VqDecodeMilliseconds);
}
