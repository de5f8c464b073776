using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;
using static TorchSharp.torch;

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
        "--evaluate-every", "Steps between evaluations on held-out images.", 500, Ranges.Steps);

    private readonly Option<long?> _sampleEvery = CommandOption.OptionalNumber(
        "--sample-every", "Steps between sample sheets; if omitted, one with every evaluation.", TrainingRanges.Steps);

    private readonly Option<int> _accumulate = CommandOption.Number(
        "--accumulate",
        "Parts of the batch that are trained one after another and count as one step, so that a large batch fits into memory.",
        1,
        TrainingRanges.BatchSize);

    private readonly Option<long> _checkpointEvery = CommandOption.Number("--checkpoint-every", "Steps between checkpoints.", 500L, TrainingRanges.Steps);

    private readonly Option<int> _keepCheckpoints = CommandOption.Number(
        "--keep-checkpoints", "Checkpoints to keep, the last ones; the weights of the best evaluation are always kept.", 1, TrainingRanges.Checkpoints);

    private readonly Option<double?> _peak = CommandOption.OptionalNumber(
        "--peak-tflops",
        "Peak of the device in TFLOP/s, of which reports give the used share; if omitted, that of the data sheet for known CUDA devices.",
        TrainingRanges.Teraflops);

    private readonly Option<int?> _earlyStop = CommandOption.OptionalNumber(
        "--early-stop",
        "Evaluations without improvement after which the run stops and keeps the best weights; if omitted, it runs to the last step.",
        Ranges.Steps);

    private readonly ComputeOptions _compute = new("the training", usesBfloat16: true, "bfloat16 on CUDA, and the faster one here on the CPU");
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
            _data, _classNames, _run, _imageSize, _maxPixels, _steps, _batchSize, _accumulate, _learningRate, _evaluateEvery, _sampleEvery, _earlyStop,
            _checkpointEvery, _keepCheckpoints, _seed, _compute.Device, _compute.Dtype, _peak, _resume, _overwrite, _acceptChanges,
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

    /// <summary>Returns the device of the run. Loads libtorch.</summary>
    public Device Device(ParseResult arguments) => _compute.DeviceOf(arguments);

    /// <summary>Returns whether a plan is for a CUDA device, which this machine need not have.</summary>
    public bool PlansCuda(ParseResult arguments) => arguments.GetRequiredValue(_compute.Device).StartsWith("cuda", StringComparison.Ordinal);

    /// <summary>Returns the options of the run as they are on any device. Does not load libtorch.</summary>
    /// <exception cref="UsageException">The batch has fewer images than parts.</exception>
    public TrainingOptions Options(ParseResult arguments)
    {
        var (parts, images) = (arguments.GetValue(_accumulate), arguments.GetValue(_batchSize));
        UsageException.ThrowIfAny([parts > images ? $"--accumulate is {parts}, expected at most the {images} images of --batch" : null]);
        return _optimizer.Apply(arguments, new TrainingOptions
        {
            RunDirectory = Path.Combine(arguments.GetRequiredValue(_run), _part),
            Steps = arguments.GetValue(_steps),
            BatchSize = arguments.GetValue(_batchSize),
            LearningRate = arguments.GetValue(_learningRate),
            EvaluateEvery = arguments.GetValue(_evaluateEvery),
            EarlyStop = arguments.GetValue(_earlyStop),
            Seed = arguments.GetValue(_seed),
            Accumulate = arguments.GetValue(_accumulate),
            SampleEvery = arguments.GetValue(_sampleEvery),
            CheckpointEvery = arguments.GetValue(_checkpointEvery),
            KeepCheckpoints = arguments.GetValue(_keepCheckpoints),
            UseBfloat16 = _compute.UsesBfloat16(arguments),
        });
    }

    /// <summary>Returns the options as the run would have them, on a device that this machine need not have.</summary>
    public TrainingOptions AsPlanned(ParseResult arguments, TrainingOptions options) => PlansCuda(arguments) ? options : OnDevice(arguments, options);

    /// <summary>Returns the options with the device of the run and the element type that is best there. Loads libtorch.</summary>
    private TrainingOptions OnDevice(ParseResult arguments, TrainingOptions options)
    {
        var device = Device(arguments);
        var useBfloat16 = _compute.RequestsBfloat16(arguments) ?? TypeOfCheckpoint(arguments, options) ?? FasterType.IsBfloat16(device);
        return options with
        {
            Device = device,
            UseBfloat16 = useBfloat16,
            PeakFlops = arguments.GetValue(_peak) * 1e12 ?? DevicePeak.Of(device, useBfloat16),
        };
    }

    /// <param name="options">Options of the run; null for those of the command line that all trainings share.</param>
    public TrainingRun Run(ParseResult arguments, Augmentation augmentation, TrainingOptions? options = null) => new(
        OnDevice(arguments, options ?? Options(arguments)),
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
        TokenizedImages Images(string split)
        {
            var (path, pixels, names) = (arguments.GetRequiredValue(_data), arguments.GetValue(_maxPixels), arguments.GetValue(_classNames));
            return TokenizedImages.Of(path, split, imageSize, pixels, names, cancellation).Like(tokens.RecordOf(split));
        }

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

    /// <summary>Returns whether the training to resume uses bfloat16; null if it starts anew or does not say.</summary>
    private bool? TypeOfCheckpoint(ParseResult arguments, TrainingOptions options) =>
        bool.TryParse(new TrainingRun(options, arguments.GetValue(_resume), Augmentation.None).ResumedFrom?[PartRecord.Bfloat16], out var uses) ? uses : null;

    private DatasetRequest Request(ParseResult arguments, int imageSize, string split) =>
        new(imageSize, split) { MaxPixels = arguments.GetValue(_maxPixels), ClassNames = arguments.GetValue(_classNames) };
}
