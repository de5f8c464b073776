using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Classification;
using CtfService.Training.Data.Formats;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary><c>ctf classify</c>: measures how often a classifier agrees with the class folders of images.</summary>
internal static class ClassifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = new Option<string?>("--data")
        {
            Description = "Data set: a folder or tar file with <split>/<class>/<image>, or splits in another format (docs/models.md).",
        };
        var split = CommandOption.WithDefault("--split", "Split of --data to classify.", "test");
        var images = new Option<string?>("--images")
        {
            Description = "Generated images: a folder or tar file with <class>/<image>, or a WebDataset, npz or Parquet files.",
        };
        var classifier = CommandOption.WithDefault(
            "--classifier", "Classifier file of 'ctf train-classifier'.", Path.Combine("runs", "classifier.safetensors"));
        var maxPixels = MaxPixelsOption.Create();
        var command = new Command("classify", "Measures how often a classifier agrees with the class folders of images; prints JSON.")
        {
            data, split, images, classifier, maxPixels,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(data) is null == result.GetResult(images) is null)
            {
                result.AddError("Name either --data or --images.");
            }
        });
        command.SetAction((parse, cancellation) =>
        {
            var source = parse.GetValue(images) is { } folder
                ? (Path: folder, Split: null)
                : (Path: parse.GetRequiredValue(data)!, Split: parse.GetValue(split));
            Run(terminal, source, parse.GetRequiredValue(classifier), parse.GetValue(maxPixels), cancellation);
        });
        return command;
    }

    private static void Run(Terminal terminal, (string Path, string? Split) source, string classifierPath, int maxPixels, CancellationToken cancellation)
    {
        TorchThreads.UseAllCores();
        using var classifier = ClassifierFile.Load(classifierPath);
        var dataset = ImageDatasetReader.Open(source.Path, classifier.ImageSize, source.Split, maxPixels, cancellation).ReportSkipped(terminal);
        ReportJson.Write(terminal.Output, ClassifierReport.Measure(classifier, dataset, cancellation));
    }
}
