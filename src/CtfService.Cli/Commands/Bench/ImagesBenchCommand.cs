using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench images</c>: whole images of a bundle, by stage.</summary>
internal static class ImagesBenchCommand
{
    private const int Runs = 5;

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle.");
        var batch = CommandOption.Numbers("--batch", "Images that start together; several may be given.", [1, 8, 32], Ranges.Batch);
        var (device, dtype) = PlacementOptions.Create();
        var json = new Option<bool>("--json") { Description = "Print JSON in place of a table." };
        var command = new Command("images", $"Measures images/s and where the time of an image goes; medians of {Runs} runs.")
        {
            bundle.Option, batch, device, dtype, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var batches = arguments.GetRequiredValue(batch).Distinct().ToList();
            var placement = () => ModelPlacement.Parse(arguments.GetRequiredValue(device), arguments.GetRequiredValue(dtype));
            using var generator = new CtfImageGeneratorFactory(bundle.Folder(arguments), placement, rows: Math.Max(2, 2 * batches.Max())).Load(cancellation);
            var lines = batches.Select(images => Measure(generator, images, cancellation)).ToList();
            if (arguments.GetValue(json))
            {
                ReportJson.Write(terminal.Output, lines);
            }
            else
            {
                ReportTables.Write(terminal.Output, Table(generator.Model.Name, lines));
            }

            return Task.FromResult(ExitCode.Success);
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

        double Median(Func<(TimeSpan Total, StageTimings Stages), TimeSpan> part) => runs.Select(run => part(run).TotalMilliseconds).Order().ElementAt(Runs / 2);
        var total = Median(run => run.Total);
        return new ImagesLine(images, 1000 * images / total, total, Median(run => run.Stages.Coarse), Median(run => run.Stages.Fine), Median(run => run.Stages.VqDecode));
    }

    private static Table Table(string model, IEnumerable<ImagesLine> lines)
    {
        var table = new Table().Title($"{model}: images that start together; medians of {Runs} runs");
        table.AddColumns("images", "images/s", "ms in all", "coarse", "fine", "VQ decode");
        foreach (var line in lines)
        {
            double[] figures = [line.TotalMilliseconds, line.CoarseMilliseconds, line.FineMilliseconds, line.VqDecodeMilliseconds];
            table.AddRow([$"{line.Images}", line.ImagesPerSecond.ToString("0.0", CultureInfo.InvariantCulture), .. figures.Select(figure => figure.ToString("0.0", CultureInfo.InvariantCulture))]);
        }

        return table;
    }

    /// <param name="CoarseMilliseconds">Of the image that ended last, as the other stages.</param>
    private sealed record ImagesLine(int Images, double ImagesPerSecond, double TotalMilliseconds, double CoarseMilliseconds, double FineMilliseconds, double VqDecodeMilliseconds);
}
