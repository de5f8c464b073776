using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation.Features;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>What <c>--data</c> names: training and test images, one set of images, or statistics of features.</summary>
internal sealed record RealImages(ImageDataset? Train, ImageDataset? Test, FeatureStatistics? Statistics) : IDisposable
{
    private const string Expected =
        "Name a folder or tar file with train/<class>/<image> and test/<class>/<image>, a data set in another format, or an npz file with mu and sigma.";

    /// <exception cref="DatasetException">The path does not exist and is no pattern of files.</exception>
    public static void RequireExists(string path)
    {
        if (!Path.Exists(path) && !path.Contains('{', StringComparison.Ordinal))
        {
            throw new DatasetException($"--data is '{path}', which does not exist. {Expected}");
        }
    }

    /// <summary>Opens the images and reports what was found.</summary>
    /// <param name="request">Size of the images and their limits; the splits are chosen here.</param>
    /// <exception cref="DatasetException">The data set cannot be used.</exception>
    public static RealImages Open(string path, DatasetRequest request, Terminal terminal, CancellationToken cancellation)
    {
        ImageDataset Split(string? split, IReadOnlyList<string>? namesOfIds = null) => ImageDatasetReader.Open(
            path, request with { Split = split, AcceptUnlabelled = true, NamesOfIds = namesOfIds }, cancellation)
            .ReportSkipped(terminal);
        if (FeatureStatistics.IsAt(path, out var hasImages))
        {
            var statistics = FeatureStatistics.Load(path);
            var images = hasImages ? Split(null) : null;
            terminal.Error.WriteLine($"Statistics of {statistics.Width} features and {images?.Count ?? 0} training images.");
            return new RealImages(images, null, statistics);
        }

        var hasTrain = ImageDatasetReader.HasSplit(path, ImageDatasetReader.TrainSplit);
        var train = Split(hasTrain ? ImageDatasetReader.TrainSplit : null);
        var test = hasTrain && ImageDatasetReader.HasSplit(path, ImageDatasetReader.TestSplit) ? Split(ImageDatasetReader.TestSplit) : null;
        var classes = train.IsLabelled ? $"{train.ClassNames.Count} classes" : "unknown classes";
        terminal.Error.WriteLine(
            test is null
                ? $"{train.Count} training images of {classes} and no test images: figures that need test images will be missing."
                : $"{train.Count} training and {test.Count} test images of {classes}.");
        return new RealImages(train, test, null);
    }

    public void Dispose() => Statistics?.Dispose();
}
