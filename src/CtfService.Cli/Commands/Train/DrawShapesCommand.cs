using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Data;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf draw-shapes</c>: draws a data set of textured shapes, in the layout that the training commands read.</summary>
internal static class DrawShapesCommand
{
    /// <summary>Training images per test image, as in the data of the shipped model.</summary>
    private const int TrainingImagesPerTest = 3;

    public static Command Create(Terminal terminal)
    {
        var output = CommandOption.WithDefault("--output", "Folder for train/<class>/<image> and test/<class>/<image>.", Path.Combine("runs", "shapes"));
        var images = CommandOption.Number(
            "--images",
            $"Training images of each of the {ShapeImages.ClassNames.Count} classes; a third of this number is added for testing.",
            300,
            NumberRange.Between(TrainingImagesPerTest, 1_000_000));
        var side = CommandOption.Number("--image-size", "Side of the images in pixels.", 32, TrainingRanges.ImageSide);
        var seed = CommandOption.Seed();
        var overwrite = OverwriteOption.Create();
        var command = new Command("draw-shapes", "Draws a data set of textured shapes, to try the training commands with.")
        {
            output, images, side, seed, overwrite,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var training = arguments.GetValue(images);
            var folder = OutputPath.Folder(output.Name, arguments.GetRequiredValue(output));
            OverwriteOption.RequireFree(output.Name, folder, arguments.GetValue(overwrite));
            if (Directory.EnumerateFileSystemEntries(folder).Any())
            {
                throw new IOException($"--output: '{folder}' contains files, which must not mix with the data set. Choose a new or an empty folder.");
            }

            foreach (var (name, classId) in ShapeImages.ClassNames.Select((name, classId) => (name, classId)))
            {
                for (var number = 0; number < training + (training / TrainingImagesPerTest); number++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var path = Path.Combine(folder, number < training ? "train" : "test", name, $"{number:D5}.png");
                    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                    var image = ShapeImages.Draw(classId, number, arguments.GetValue(side), arguments.GetValue(seed));
                    File.WriteAllBytes(path, ImageCodec.Encode(image, ImageFormat.Png));
                }
            }

            ReportJson.Write(terminal.Output, new
            {
                Folder = folder,
                Classes = ShapeImages.ClassNames,
                TrainingImages = training,
                TestImages = training / TrainingImagesPerTest,
            });
        });
        return command;
    }
}
