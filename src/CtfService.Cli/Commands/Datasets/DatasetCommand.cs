using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Folders;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.Datasets.Production;
using CtfService.Training.Progress;

namespace CtfService.Cli.Commands.Datasets;

/// <summary><c>ctf dataset</c>: generates a labelled data set.</summary>
internal static class DatasetCommand
{
    public static Command Create(Terminal terminal)
    {
        var options = new DatasetOptions();
        var command = new Command("dataset", "Generates a labelled data set; run again, it continues where it was interrupted.");
        options.AddTo(command);
        command.SetAction((arguments, cancellation) => Run(terminal, options, arguments, cancellation));
        return command;
    }

    private static void Run(Terminal terminal, DatasetOptions options, ParseResult arguments, CancellationToken cancellation)
    {
        var output = OutputPath.Folder(options.Output.Name, arguments.GetRequiredValue(options.Output));
        var started = StartedDataset.Find(output);
        var classifier = arguments.GetValue(options.KeepIf);
        var classifierHash = classifier is null ? null : ClassifierJudge.Hash(classifier);
        var workers = DatasetWorkers.Of(terminal, options, arguments);
        using var generator = workers.Load(0, cancellation);
        var model = generator.Model;
        var counting = new DatasetCounts(terminal, options, arguments, model);
        var counts = counting.Read(started, cancellation);
        if (counts.All(count => count == 0) && counting.Filled is { } full)
        {
            terminal.Error.WriteLine($"Every class of {full.Path} has enough images. Nothing to generate.");
            return;
        }

        var plan = options.Plan(arguments, model, counts, classifierHash);
        UsageException.ThrowIfAny(plan.Problems(model.Classes.Count));
        using var judge = classifier is null ? null : ClassifierJudge.Load(classifier, model, counts);
        var format = ShardFormat.Of(new Dataset(plan, model));
        using var folder = DatasetFolder.Open(output, format, counting.Filled);
        if (!folder.IsFinished)
        {
            Produce(terminal, folder, new DatasetProduction(folder, format, judge), generator, workers, output, cancellation);
        }

        var manifest = DatasetManifest.Find(output)!;
        ReportJson.WriteLine(terminal.Output, new { Output = output, manifest.Images, manifest.Rejected, Model = model.Name });
    }

    private static void Produce(
        Terminal terminal,
        DatasetFolder folder,
        DatasetProduction production,
        IImageGenerator generator,
        DatasetWorkers workers,
        string output,
        CancellationToken cancellation)
    {
        var others = Enumerable.Range(1, workers.Count - 1).Select(number => (Func<CancellationToken, IImageGenerator>)(stop => workers.Load(number, stop)));
        ConsoleProgress.Run(terminal, $"images for {output}", progress =>
        {
            var meter = new TrainingMeter(progress, new TrainingPace(folder.Finished, folder.Total, BatchSize: 1, ReportEvery: 1));
            production.Progress = () => meter.StepFinished(folder.Finished, () => Figures(folder));
            KeptWork.Run($"The finished images are in {output}.", () => production.Run(generator, [.. others], cancellation), cancellation);
        });
    }

    private static Dictionary<string, double> Figures(DatasetFolder folder) => folder.Rejected == 0 ? [] : new() { ["rejected"] = folder.Rejected };
}
