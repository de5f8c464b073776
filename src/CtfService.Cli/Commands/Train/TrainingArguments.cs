using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options that all training commands of a model share. A run folder holds tokenizer/, decoder/, coarse/ and fine/.</summary>
internal sealed class TrainingArguments
{
    public const string DataDescription =
        "Images: a folder or tar file with train/<class>/<image> and test/<class>/<image>, or splits in another format (docs/models.md).";

    /// <summary>Default side of the images of a new run, pixels.</summary>
    public const int UsualImageSize = 64;

    private readonly string _part;
    private readonly Option<string> _data;
    private readonly Option<string> _run = RunOption();
    private readonly Option<int?> _imageSize = ImageSizeOption();
    private readonly Option<int> _maxPixels = MaxPixelsOption.Create();
    private readonly Option<string?> _classNames = ClassNamesOption.Create();
    private readonly Option<int> _steps;
    private readonly Option<int> _batchSize;
    private readonly Option<double> _learningRate;
    private readonly OptimizerArguments _optimizer = new();
    private readonly Option<ulong> _seed = CommandOption.Seed();
    private readonly Option<int> _evaluateEvery = CommandOption.Number(
        "--evaluate-every", "Steps between evaluations: the loss on held-out images, and a sample sheet.", 500, Ranges.Steps);

    private readonly Option<int?> _earlyStop = CommandOption.OptionalNumber(
        "--early-stop",
        "Evaluations without improvement after which the run stops and keeps the best weights; if omitted, it runs to the last step.",
        Ranges.Steps);

    private readonly Option<bool> _float32 = new("--float32") { Description = "Multiply in float32 instead of bfloat16." };
    private readonly Option<bool> _resume = new("--resume") { Description = "Continue from the last checkpoint of the run." };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Start over: delete the training in the folder of the run." };
    private readonly Option<bool> _acceptChanges = new("--accept-changes")
    {
        Description = "Continue although images or settings differ from those that the run was made from; weights that do not fit are still rejected.",
    };

    /// <param name="part">Folder of the part in the run.</param>
    /// <param name="needsData">Whether the command always needs images.</param>
    public TrainingArguments(string part, int steps, int batchSize, double learningRate, bool needsData = true)
    {
        _data = new("--data") { Description = needsData ? DataDescription : $"{DataDescription} Not needed if the run has tokens.", Required = needsData };
        _part = part;
        _steps = CommandOption.Number("--steps", "Training steps.", steps, Ranges.Steps);
        _batchSize = CommandOption.Number("--batch", "Images per step.", batchSize, TrainingRanges.BatchSize);
        _learningRate = CommandOption.Number("--learning-rate", "Peak learning rate.", learningRate, TrainingRanges.LearningRate);
    }

    public static Option<string> RunOption() => CommandOption.WithDefault(
        "--run", "Folder of the run: tokenizer, cluster map and both transformers.", Path.Combine("runs", "fruits-64"));

    public static Option<int?> ImageSizeOption() => CommandOption.OptionalNumber(
        "--image-size",
        $"Side that images are scaled to, in pixels; if omitted, that of the run, or {UsualImageSize} for a new run.",
        TrainingRanges.ImageSide);

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _data, _classNames, _run, _imageSize, _maxPixels, _steps, _batchSize, _learningRate, _evaluateEvery, _earlyStop, _seed, _float32, _resume,
            _overwrite, _acceptChanges,
        })
        {
            command.Options.Add(option);
        }

        _optimizer.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_resume) && result.GetValue(_overwrite))
            {
                result.AddError("--resume continues a training and --overwrite deletes it: use only one of them.");
            }
        });
    }

    public RunFolder Folder(ParseResult arguments) => new(arguments.GetRequiredValue(_run));

    public TrainingOptions Options(ParseResult arguments) => _optimizer.Apply(
        arguments,
        new TrainingOptions
        {
            RunDirectory = Path.Combine(arguments.GetRequiredValue(_run), _part),
            Steps = arguments.GetValue(_steps),
            BatchSize = arguments.GetValue(_batchSize),
            LearningRate = arguments.GetValue(_learningRate),
            EvaluateEvery = arguments.GetValue(_evaluateEvery),
            EarlyStop = arguments.GetValue(_earlyStop),
            Seed = arguments.GetValue(_seed),
            UseBfloat16 = !arguments.GetValue(_float32),
        });

    public TrainingRun Run(ParseResult arguments, Augmentation augmentation) => new(
        Options(arguments),
        arguments.GetValue(_resume),
        augmentation,
        Overwrite: arguments.GetValue(_overwrite),
        AcceptChanges: arguments.GetValue(_acceptChanges));

    /// <summary>Returns the side that the user asks for, pixels; null to use that of the run.</summary>
    public int? RequestedImageSize(ParseResult arguments) => arguments.GetValue(_imageSize);

    public bool HasData(ParseResult arguments) => arguments.GetValue(_data) is not null;

    /// <summary>Returns the images of both splits, in the crops of the tokens that the run has; null without <c>--data</c>.</summary>
    public (TokenizedImages Train, TokenizedImages Test)? Images(
        ParseResult arguments, int imageSize, RunTokens tokens, CancellationToken cancellation)
    {
        TokenizedImages Images(string split) => new(
            Fingerprint(arguments, split, cancellation),
            imageSize,
            () => SourceWalk.Open(arguments.GetRequiredValue(_data), split, arguments.GetValue(_maxPixels), arguments.GetValue(_classNames)))
        {
            Crops = TokenizedImages.CropsOf(tokens.RecordOf(split)),
        };
        return HasData(arguments) ? (Images(ImageDatasetReader.TrainSplit), Images(ImageDatasetReader.TestSplit)) : null;
    }

    public string Fingerprint(ParseResult arguments, string split, CancellationToken cancellation) =>
        DataFingerprint.Of(
            arguments.GetRequiredValue(_data), split, arguments.GetValue(_maxPixels), arguments.GetValue(_classNames), cancellation);

    /// <summary>Reads one split and reports what was left out of it.</summary>
    public ImageDataset Dataset(ParseResult arguments, int imageSize, string split, Terminal terminal, CancellationToken cancellation) =>
        ImageDatasetReader.Open(arguments.GetRequiredValue(_data), Request(arguments, imageSize, split), cancellation).ReportSkipped(terminal);

    /// <summary>Opens the images to train on, and reads those held out.</summary>
    public (ITrainingImages Train, ImageDataset Test) Splits(ParseResult arguments, int imageSize, Terminal terminal, CancellationToken cancellation)
    {
        var request = Request(arguments, imageSize, ImageDatasetReader.TrainSplit);
        var train = ImageDatasetReader.OpenForTraining(arguments.GetRequiredValue(_data), request, cancellation).ReportSkipped(terminal);
        return (train, Dataset(arguments, imageSize, ImageDatasetReader.TestSplit, terminal, cancellation));
    }

    private DatasetRequest Request(ParseResult arguments, int imageSize, string split) =>
        new(imageSize, split) { MaxPixels = arguments.GetValue(_maxPixels), ClassNames = arguments.GetValue(_classNames) };
}
