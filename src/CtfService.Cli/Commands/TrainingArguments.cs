using System.CommandLine;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;

namespace CtfService.Cli.Commands;

/// <summary>The options that all training commands share.</summary>
internal sealed class TrainingArguments(string defaultRun, long defaultSteps, int defaultBatchSize, double defaultLearningRate)
{
    private readonly Option<string> _data = new("--data") { Description = "Images: a folder or tar file laid out as class/file, or with train/ and test/ above.", DefaultValueFactory = _ => "data/fruits360-64.tar" };
    private readonly Option<string> _run = new("--run") { Description = "Folder of the run: checkpoint, metrics, sample sheets, result.", DefaultValueFactory = _ => defaultRun };
    private readonly Option<int> _imageSize = new("--image-size") { Description = "Side of the images in pixels.", DefaultValueFactory = _ => 64 };
    private readonly Option<long> _steps = new("--steps") { Description = "Training steps.", DefaultValueFactory = _ => defaultSteps };
    private readonly Option<int> _batchSize = new("--batch-size") { Description = "Images per step.", DefaultValueFactory = _ => defaultBatchSize };
    private readonly Option<double> _learningRate = new("--learning-rate") { Description = "Peak learning rate.", DefaultValueFactory = _ => defaultLearningRate };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of weights, batches and dropout.", DefaultValueFactory = _ => 0 };
    private readonly Option<bool> _float32 = new("--float32") { Description = "Multiply in float32 instead of bfloat16." };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on from the run's checkpoint." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _data, _run, _imageSize, _steps, _batchSize, _learningRate, _seed, _float32, _resume })
        {
            command.Options.Add(option);
        }
    }

    public TrainingRun Run(ParseResult arguments, Augmentation augmentation) => new(
        new TrainingOptions
        {
            RunDirectory = arguments.GetRequiredValue(_run),
            Steps = arguments.GetValue(_steps),
            BatchSize = arguments.GetValue(_batchSize),
            LearningRate = arguments.GetValue(_learningRate),
            Seed = arguments.GetValue(_seed),
            UseBfloat16 = !arguments.GetValue(_float32),
        },
        arguments.GetValue(_resume),
        augmentation);

    public ImageDataset Dataset(ParseResult arguments, string split, CancellationToken cancellation) =>
        ImageFolder.Open(arguments.GetRequiredValue(_data), arguments.GetValue(_imageSize), split, cancellation);

    public static ITrainingProgress Progress() => new PlainProgress();
}

internal sealed class PlainProgress : ITrainingProgress
{
    public void Report(TrainingReport report) => Console.WriteLine($"{report.Step}/{report.TotalSteps} {string.Join(' ', report.Losses.Select(l => $"{l.Key} {l.Value:G4}"))} {report.ImagesPerSecond:F1} images/s {report.TimeLeft:hh\\:mm\\:ss} left");
}
