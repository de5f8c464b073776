using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Storage;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Samples;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary><c>ctf evaluate</c>: generates images of every class and compares them with real ones, in a JSON report and an HTML page.</summary>
internal static class EvaluateCommand
{
    /// <summary>Rows of a decode step: more than in a service, as only the throughput counts.</summary>
    private const int Rows = 64;

    public static Command Create(Terminal terminal)
    {
        var options = new EvaluateOptions();
        var command = new Command(
            "evaluate", "Generates images of every class and compares them with real ones; prints the report and writes it with the images.");
        options.AddTo(command);
        command.SetAction((parse, cancellation) =>
        {
            var evaluation = options.Read(parse);
            KeptWork.Run($"Finished images are kept in {evaluation.Output}.", () => Run(terminal, evaluation, cancellation), cancellation);
        });
        return command;
    }

    private static void Run(Terminal terminal, EvaluateArguments arguments, CancellationToken cancellation)
    {
        RealImages.RequireExists(arguments.Data);
        OutputPath.Folder("--output", arguments.Output);
        OutputPath.Folder("--cache", arguments.Cache);
        using var held = FolderLock.Take(arguments.Output, "--output");
        using var extractors = FeatureExtractors.Load(arguments); // before images are generated, so that a wrong file costs no time
        var bundle = arguments.Images is null ? BundleReader.Open(arguments.Bundle, cancellation) : null;
        if (arguments.Record)
        {
            OutputPath.Folder("--bundle", arguments.Bundle); // --record writes its manifest
        }

        var side = bundle is null ? arguments.ImageSize : SquareSide.Of(bundle);
        using var real = RealImages.Open(arguments.Data, arguments.Real(side), terminal, cancellation);
        using var unreadable = new UnreadableReport(terminal, real.Train, real.Test);
        var stages = new ConsoleStages(terminal);
        if (arguments.AllFormats)
        {
            new FormatComparison(terminal, arguments, stages, cancellation).Run(bundle!, real, extractors.All[0]);
            return;
        }

        var inputs = new EvaluationInputs(real.Train, real.Test, extractors.All, arguments.Cache, extractors.Device) { Statistics = real.Statistics };
        var evaluator = new Evaluator(inputs, stages, cancellation);
        evaluator.RequireEnoughRealImages();
        var model = bundle is null ? null : Draw(terminal, bundle, arguments, stages, cancellation);
        TorchThreads.UseAllCores(); // the engine, which used its own threads, is disposed
        var result = Evaluate();
        Write(terminal, arguments.Output, result, stages.Run("page", () => EvaluationPage.Of(result, inputs)));

        EvaluationResult Evaluate()
        {
            if (model is null && FeatureStatistics.IsAt(arguments.Images!, out var hasImages) && !hasImages)
            {
                using var statistics = FeatureStatistics.Load(arguments.Images!);
                return evaluator.Evaluate(statistics);
            }

            var request = new DatasetRequest(side) { MaxPixels = arguments.MaxPixels, AcceptUnlabelled = true, NamesOfIds = real.Train?.ClassNames };
            var images = model?.Samples.Images ?? ImageDatasetReader.Open(arguments.Images!, request, cancellation);
            return evaluator.Evaluate(images.ReportSkipped(terminal), model);
        }
    }

    private static SampledModel Draw(Terminal terminal, Bundle bundle, EvaluateArguments arguments, ConsoleStages stages, CancellationToken cancellation)
    {
        using var generator = Factory(bundle, arguments, arguments.Device, arguments.Dtype).Load(terminal, cancellation);
        var plan = arguments.Plan(generator.Model, arguments.Seeds[0]);
        var samples = stages.Run("images", progress => new SampleFolder(arguments.Output).Draw(generator, plan, progress, cancellation));
        return new SampledModel(bundle, generator.Model, plan, samples);
    }

    /// <summary>Creates the factory of a generator with the rows of an evaluation.</summary>
    internal static CtfImageGeneratorFactory Factory(Bundle bundle, EvaluateArguments arguments, string device, string dtype) =>
        new(bundle.Directory, () => ModelPlacement.Parse(device, dtype), Rows) { MaxWindow = arguments.MaxWindow };

    private static void Write(Terminal terminal, string folder, EvaluationResult result, string page)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "report.html");
        AtomicFile.WriteText(Path.Combine(folder, "report.json"), ReportJson.Text(result.Report) + Environment.NewLine);
        AtomicFile.WriteText(path, page);
        terminal.Error.WriteLine($"Wrote {path}.");
        ReportJson.Write(terminal.Output, result.Report);
    }
}
