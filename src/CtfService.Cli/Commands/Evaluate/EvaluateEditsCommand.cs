using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Model.Storage;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation;
using CtfService.Training.Evaluation.Edits;
using CtfService.Training.Evaluation.Features;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary><c>ctf evaluate-edits</c>: edits test images with three masks and compares the results with real images and with a naive paste.</summary>
internal static class EvaluateEditsCommand
{
    /// <summary>Rows of a decode step, as in <see cref="EvaluateCommand"/>.</summary>
    private const int Rows = 64;

    private const int SheetColumns = 12;

    private static readonly int[] Candidates = [1, 4, 16];

    public static Command Create(Terminal terminal)
    {
        var bundle = new BundleOption("Folder of the bundle that edits.");
        var data = CommandOption.Required(
            "--data", "Real images: a folder or tar file with train/<class>/<image> and test/<class>/<image>, or splits in another format (docs/models.md).");
        var classifier = CommandOption.WithDefault(
            "--classifier", "Classifier file of 'ctf train-classifier' on --data.", Path.Combine("runs", "classifier.safetensors"));
        var perClass = CommandOption.Number("--per-class", "Test images of each class to edit; all if there are fewer.", 50, NumberRange.Between(1, 100_000));
        var seed = CommandOption.Seed();
        var sampling = new SamplingOptions();
        var output = CommandOption.WithDefault("--output", "Folder for report.json and sheet.png, which are replaced.", Path.Combine("runs", "edit-quality"));
        var cache = CommandOption.WithDefault(
            "--cache", "Folder for the features of real images, which later evaluations reuse.", Path.Combine("runs", "real-features"));
        var maxPixels = MaxPixelsOption.Create();
        var classNames = ClassNamesOption.Create();
        var placement = new PlacementOptions();
        var command = new Command("evaluate-edits", "Measures edits of test images with three masks beside a naive paste; prints a table, writes a report.");
        foreach (var option in (Option[])
            [bundle.Option, data, classifier, perClass, seed, .. sampling.All, output, cache, maxPixels, classNames, placement.Device, placement.Dtype])
        {
            command.Options.Add(option);
        }

        command.SetAction((parse, cancellation) => Run(
            terminal,
            new EditEvaluation
            {
                Bundle = bundle.Folder(parse),
                Data = parse.GetRequiredValue(data),
                Classifier = parse.GetRequiredValue(classifier),
                PerClass = parse.GetValue(perClass),
                Seed = parse.GetValue(seed),
                Coarse = model => sampling.Coarse(parse, model.DefaultCoarse),
                Fine = model => sampling.Fine(parse, model.DefaultFine),
                Output = parse.GetRequiredValue(output),
                Cache = parse.GetRequiredValue(cache),
                MaxPixels = parse.GetValue(maxPixels),
                ClassNames = parse.GetValue(classNames),
                Placement = placement.Placement(parse),
            },
            cancellation));
        return command;
    }

    private static void Run(Terminal terminal, EditEvaluation arguments, CancellationToken cancellation)
    {
        RealImages.RequireExists(arguments.Data);
        OutputPath.Folder("--output", arguments.Output);
        OutputPath.Folder("--cache", arguments.Cache);
        using var extractor = ClassifierFeatures.Load(arguments.Classifier);
        var bundle = BundleReader.Open(arguments.Bundle, cancellation);
        using var real = RealImages.Open(
            arguments.Data,
            new DatasetRequest(SquareSide.Of(bundle)) { MaxPixels = arguments.MaxPixels, ClassNames = arguments.ClassNames },
            terminal,
            cancellation);
        var stages = new ConsoleStages(terminal);
        var originals = Originals(arguments, real, bundle.Manifest.ClassLabels);
        var evaluator = new EditEvaluator(extractor, originals, stages, cancellation);
        var (model, sets) = Draw(terminal, arguments, originals, evaluator, cancellation);
        TorchThreads.UseAllCores(); // the engine, which used its own threads, is disposed
        using var features = stages.Run(
            "real images", progress => RealFeatures.LoadOrExtract(arguments.Cache, extractor, real.Train, null, progress, cancellation: cancellation));
        var masks = evaluator.Measure(sets, bundle, arguments.Placement().Device, features.Train);
        var report = new EditReport
        {
            Software = ImageProvenance.ThisSoftware,
            Model = model,
            Extractor = extractor.Name,
            ExtractorHash = extractor.Hash,
            Images = originals.Count,
            Masks = masks,
            Missing = evaluator.Missing,
        };
        AtomicFile.WriteText(Path.Combine(arguments.Output, "report.json"), ReportJson.Text(report) + Environment.NewLine);
        var sheet = EditSheet.Of(originals, sets, SheetColumns);
        AtomicFile.WriteBytes(Path.Combine(arguments.Output, "sheet.png"), ImageCodec.Encode(sheet, ImageFormat.Png));
        terminal.Output.Write(EditTable.Of(report));
        terminal.Error.WriteLine($"Wrote {Path.Combine(arguments.Output, "report.json")} and sheet.png.");
    }

    /// <summary>Returns the test images to edit, spread evenly over the classes, with the class ids of the model.</summary>
    private static ImageDataset Originals(EditEvaluation arguments, RealImages real, IReadOnlyList<string> classes)
    {
        if (real is not { Train.IsLabelled: true, Test: { IsLabelled: true } test })
        {
            throw new DatasetException(
                $"--data is '{arguments.Data}', which does not have training and test images with classes. Edits are measured on test images.");
        }

        var known = test.WithClassNames(classes);
        return new ImageDataset(known.Width, known.Height, classes, [.. BalancedOrder.Of(known.ClassIds).Where(image => image.Round < arguments.PerClass)
            .Select(image => new LabelledImage(known.Images[image.Index], known.ClassIds[image.Index]))]);
    }

    private static (EvaluatedModel Model, IReadOnlyList<EditedSet> Sets) Draw(
        Terminal terminal, EditEvaluation arguments, ImageDataset originals, EditEvaluator evaluator, CancellationToken cancellation)
    {
        using var generator = new CtfImageGeneratorFactory(arguments.Bundle, arguments.Placement, Rows).Load(terminal, cancellation);
        var model = generator.Model;
        var (coarse, fine) = (arguments.Coarse(model), arguments.Fine(model));
        var sets = evaluator.Draw(EditMasks.Of(originals.Width, originals.Height), Methods(generator, coarse, fine), arguments.Seed);
        var described = new EvaluatedModel(
            model.Name, model.BundleHash, model.Device, model.Dtype, arguments.PerClass, arguments.Seed, coarse, model.HasFineStage ? fine : null);
        return (described, sets);
    }

    private static IReadOnlyList<IEditMethod> Methods(IImageGenerator generator, SamplingSettings coarse, SamplingSettings fine) =>
    [
        new NaivePaste(generator, coarse, fine),
        .. Candidates.Select(count => new MaskedDrawing(generator, coarse, fine, count)),
        new MirroredDrawing(new MaskedDrawing(generator, coarse, fine)),
    ];
}

/// <summary>The arguments of <c>ctf evaluate-edits</c>.</summary>
internal sealed record EditEvaluation
{
    public required string Bundle { get; init; }

    public required string Data { get; init; }

    public required string Classifier { get; init; }

    public required int PerClass { get; init; }

    public required ulong Seed { get; init; }

    public required Func<ModelDescription, SamplingSettings> Coarse { get; init; }

    public required Func<ModelDescription, SamplingSettings> Fine { get; init; }

    public required string Output { get; init; }

    public required string Cache { get; init; }

    public required int MaxPixels { get; init; }

    /// <summary>File that lists the class names of the real images; null if there is none.</summary>
    public string? ClassNames { get; init; }

    public required Func<ModelPlacement> Placement { get; init; }
}
