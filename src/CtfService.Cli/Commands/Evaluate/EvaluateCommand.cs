using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.Storage;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation;
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
        if (!Path.Exists(arguments.Data))
        {
            throw new DatasetException(
                $"--data is '{arguments.Data}', which does not exist. Name a folder or tar file with train/<class>/<image> and test/<class>/<image>.");
        }

        OutputPath.Folder("--output", arguments.Output);
        OutputPath.Folder("--cache", arguments.Cache);
        using var held = FolderLock.Take(arguments.Output, "--output");
        using var extractors = FeatureExtractors.Load(arguments); // before images are generated, so that a wrong file costs no time
        var bundle = arguments.Images is null ? BundleReader.Open(arguments.Bundle, cancellation) : null;
        var side = bundle is null ? arguments.ImageSize : SquareSide(bundle);
        var train = ImageDatasetReader.Open(arguments.Data, side, "train", arguments.MaxPixels, cancellation).ReportSkipped(terminal);
        var test = ImageDatasetReader.Open(arguments.Data, side, "test", arguments.MaxPixels, cancellation).ReportSkipped(terminal);
        terminal.Error.WriteLine($"{train.Count} training and {test.Count} test images of {train.ClassNames.Count} classes.");

        var stages = new ConsoleStages(terminal);
        var inputs = new EvaluationInputs(train, test, extractors.All, arguments.Cache, extractors.Device);
        var evaluator = new Evaluator(inputs, stages, cancellation);
        evaluator.RequireEnoughRealImages();
        var model = bundle is null ? null : Draw(bundle, arguments, stages, cancellation);
        TorchThreads.UseAllCores(); // the engine, which used its own threads, is disposed
        var images = model?.Samples.Images ?? ImageDatasetReader.Open(arguments.Images!, side, split: null, arguments.MaxPixels, cancellation);
        images.ReportSkipped(terminal);
        var result = evaluator.Evaluate(images, model);
        Write(terminal, arguments.Output, result, stages.Run("page", () => EvaluationPage.Of(result, inputs)));
    }

    private static SampledModel Draw(Bundle bundle, EvaluateArguments arguments, ConsoleStages stages, CancellationToken cancellation)
    {
        var factory = new CtfImageGeneratorFactory(bundle.Directory, () => ModelPlacement.Parse(arguments.Device, arguments.Dtype), Rows);
        using var generator = factory.Load(cancellation);
        var plan = arguments.Plan(generator.Model);
        var samples = stages.Run("images", progress => new SampleFolder(arguments.Output).Draw(generator, plan, progress, cancellation));
        return new SampledModel(bundle, generator.Model, plan, samples);
    }

    private static void Write(Terminal terminal, string folder, EvaluationResult result, string page)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "report.html");
        AtomicFile.WriteText(Path.Combine(folder, "report.json"), ReportJson.Text(result.Report) + Environment.NewLine);
        AtomicFile.WriteText(path, page);
        terminal.Error.WriteLine($"Wrote {path}.");
        ReportJson.Write(terminal.Output, result.Report);
    }

    private static int SquareSide(Bundle bundle) => bundle.Manifest.ImageWidth == bundle.Manifest.ImageHeight
        ? bundle.Manifest.ImageWidth
        : throw new CheckpointException(
            $"{bundle.Directory}: generates images of {bundle.Manifest.ImageWidth}x{bundle.Manifest.ImageHeight} pixels, expected squares: "
            + "real images are cropped to squares to compare them.");
}
