using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Clusters;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Training.Progress;

namespace CtfService.Cli.Commands.Bundles;

/// <summary><c>ctf usual-labels</c>: counts the coarse labels that a bundle's model draws, and adds the most usual ones to the bundle.</summary>
internal static class UsualLabelsCommand
{
    /// <summary>Rows of a decode step: more than in a service, as only the throughput counts.</summary>
    private const int Rows = 64;

    public static Command Create(Terminal terminal)
    {
        var folder = new BundleOption("Folder of the bundle; replaced as a whole.");
        var images = CommandOption.Number("--images", "Images drawn of each class.", 300, NumberRange.Between(1, 1_000_000));
        var placement = new PlacementOptions();
        var command = new Command(
            "usual-labels",
            "Adds the labels that the model usually draws to its bundle, for fewer decode steps per image. Images and the bundle's hash stay the same.")
        {
            folder.Option, images, placement.Device, placement.Dtype,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var directory = folder.Folder(arguments);
            var bundle = BundleReader.Open(directory, cancellation);
            OutputPath.Folder("--bundle", directory);
            OutputPath.NewFolder("--bundle", directory); // the new bundle is written next to it
            var usual = ConsoleProgress.Run(
                terminal, "layouts", progress => Count(bundle, arguments.GetValue(images), placement.Placement(arguments), progress, cancellation));
            var recorded = UsualLabelsRecorder.Record(bundle, usual);
            terminal.Error.WriteLine("A running service keeps the old bundle until it loads this one.");
            ReportJson.Write(terminal.Output, new { recorded.Directory, recorded.Hash, Bytes = recorded.Manifest.Files.Sum(file => file.Bytes) });
        });
        return command;
    }

    private static UsualLabels Count(
        Bundle bundle, int imagesPerClass, Func<ModelPlacement> placement, ITrainingProgress progress, CancellationToken cancellation)
    {
        var pace = new TrainingPace(0, (long)imagesPerClass * bundle.Manifest.ClassLabels.Count, BatchSize: 1, ReportEvery: 1);
        var meter = new TrainingMeter(progress, pace);
        var factory = new CtfImageGeneratorFactory(bundle.Directory, placement, Rows) { MaxWindow = 1 };
        return LayoutCounting.Draw(factory, imagesPerClass, count => meter.StepFinished(count, () => new Dictionary<string, double>()), cancellation);
    }
}
