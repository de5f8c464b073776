using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Training.Classification;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary><c>ctf train-classifier</c>: trains the classifier for generated images on <c>train</c> and measures it on <c>test</c>.</summary>
internal static class TrainClassifierCommand
{
    private static readonly ClassifierTraining Defaults = new();

    public static Command Create(Terminal terminal)
    {
        var data = CommandOption.Required(
            "--data", "Images: a folder or tar file with train/<class>/<image> and test/<class>/<image>, or splits in another format (docs/models.md).");
        var output = CommandOption.WithDefault("--output", "File for the classifier.", Path.Combine("runs", "classifier.safetensors"));
        var imageSize = CommandOption.Number("--image-size", "Side that images are scaled to, in pixels.", 64, TrainingRanges.ImageSide);
        var steps = CommandOption.Number("--steps", "Training steps.", Defaults.Steps, Ranges.Steps);
        var batch = CommandOption.Number("--batch", "Images per step.", Defaults.BatchSize, Ranges.Batch);
        var seed = CommandOption.Seed();
        var maxPixels = MaxPixelsOption.Create();
        var classNames = ClassNamesOption.Create();
        var compute = new ComputeOptions("the training", usesBfloat16: false);
        var command = new Command("train-classifier", "Trains the classifier for generated images; prints JSON.")
        {
            data, classNames, output, imageSize, maxPixels, steps, batch, seed,
        };
        compute.AddTo(command);
        command.SetAction((parse, cancellation) =>
        {
            var training = Defaults with
            {
                Steps = parse.GetValue(steps),
                BatchSize = parse.GetValue(batch),
                Seed = parse.GetValue(seed),
                Device = compute.DeviceOf(parse),
                UseBfloat16 = compute.UsesBfloat16(parse),
            };
            var path = OutputPath.File(output.Name, parse.GetRequiredValue(output));
            RequireClassifierOrNothing(output.Name, path, terminal);
            var images = new DatasetRequest(parse.GetValue(imageSize)) { MaxPixels = parse.GetValue(maxPixels), ClassNames = parse.GetValue(classNames) };
            Run(terminal, parse.GetRequiredValue(data), images, training, path, cancellation);
        });
        return command;
    }

    /// <summary>Checks that the file does not exist or is a classifier, which is replaced once the new one is trained.</summary>
    private static void RequireClassifierOrNothing(string option, string path, Terminal terminal)
    {
        if (File.Exists(path))
        {
            try
            {
                ClassifierFile.Load(path).Dispose();
            }
            catch (CheckpointException other)
            {
                throw new IOException($"{option}: '{path}' already exists and is not a classifier. Choose another name.", other);
            }

            terminal.Error.WriteLine($"{path}: will be replaced. Evaluations with the present classifier are not comparable with later ones.");
        }
    }

    private static void Run(
        Terminal terminal,
        string data,
        DatasetRequest images,
        ClassifierTraining training,
        string output,
        CancellationToken cancellation)
    {
        TorchThreads.UseAllCores();
        var classes = ImageDatasetReader.Classes(data, ImageDatasetReader.TrainSplit, images.ClassNames);
        ClassifierTrainer.RequireSeveralClasses(classes); // before the images are decoded
        var train = ImageDatasetReader.OpenForTraining(data, images with { Split = ImageDatasetReader.TrainSplit }, cancellation).ReportSkipped(terminal);
        var test = ImageDatasetReader.Open(data, images with { Split = ImageDatasetReader.TestSplit }, cancellation).ReportSkipped(terminal);
        var about = train.IsCountEstimated ? "About " : "";
        terminal.Error.WriteLine($"{about}{train.Count} training and {test.Count} test images of {train.ClassNames.Count} classes.");

        using var unreadable = new UnreadableReport(terminal, train, test);
        using var classifier = ConsoleProgress.Run(terminal, "classifier", progress => ClassifierTrainer.Train(train, training, progress, cancellation));
        var report = ClassifierReport.Measure(classifier, test, cancellation);
        ClassifierFile.Save(classifier, output, report.Accuracy);
        terminal.Error.WriteLine($"Saved {output}.");
        ReportJson.Write(terminal.Output, report);
    }
}
