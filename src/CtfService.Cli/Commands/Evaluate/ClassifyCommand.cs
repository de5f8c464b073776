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
        var classNames = ClassNamesOption.Create();
        var command = new Command("classify", "Measures how often a classifier agrees with the class folders of images; prints JSON.")
        {
            data, split, images, classifier, maxPixels, classNames,
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
            DatasetRequest Request(int side) => new(side, source.Split) { MaxPixels = parse.GetValue(maxPixels), ClassNames = parse.GetValue(classNames) };
            Run(terminal, source.Path, Request, parse.GetRequiredValue(classifier), cancellation);
        });
        return command;
    }

    private static void Run(Terminal terminal, string path, Func<int, DatasetRequest> request, string classifierPath, CancellationToken cancellation)
    {
        TorchThreads.UseAllCores();
        using var classifier = ClassifierFile.Load(classifierPath);
        var dataset = ImageDatasetReader.Open(path, request(classifier.ImageSize), cancellation).ReportSkipped(terminal);
        using var unreadable = new UnreadableReport(terminal, dataset);
        ReportJson.Write(terminal.Output, ClassifierReport.Measure(classifier, dataset, cancellation));
    }
}
