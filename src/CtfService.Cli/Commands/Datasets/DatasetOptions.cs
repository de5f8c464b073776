using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Datasets;

/// <summary>The options of <c>ctf dataset</c>.</summary>
internal sealed class DatasetOptions
{
    private const double DefaultProbability = 0.5;

    private readonly Option<DatasetFormat> _format = CommandOption.Choice("--format", "Format of the data set:", DatasetFormat.Imagefolder);
    private readonly Option<ulong> _seed = CommandOption.Seed();
    private readonly SamplingOptions _sampling = new();
    private readonly Option<ImageFormat> _imageFormat = CommandOption.Choice("--image-format", "Format of the image files:", ImageFormat.Png);
    private readonly Option<int> _quality = CommandOption.Number(
        "--quality", "Quality of JPEG and WebP files; PNG is lossless.", ImageCodec.DefaultQuality, DatasetPlan.QualityRange);

    private readonly Option<int> _shardSize = CommandOption.Number(
        "--shard-size", "Images in each shard file.", DatasetPlan.DefaultShardSize, DatasetPlan.ShardSizeRange);

    private readonly Option<string> _name = CommandOption.WithDefault("--name", "Start of the names of shards and image files.", DatasetPlan.DefaultName);
    private readonly Option<double> _minProbability = CommandOption.Number(
        "--min-probability", "Smallest probability that the classifier of --keep-if gives to the class.", DefaultProbability, NumberRange.Above(0.0, 1.0));

    public BundleOption Bundle { get; } = new("Folder of the bundle.");

    public Option<int?> PerClass { get; } = CommandOption.OptionalNumber(
        "--per-class", "Images of each class; with --fill, those that are there included.", DatasetPlan.TotalRange);

    public Option<string?> Counts { get; } = new("--counts") { Description = "JSON file with the number of images by class name or id: {\"apple\": 500}." };

    public Option<string?> Fill { get; } = new("--fill")
    {
        Description = "Images to fill up, in any format of 'ctf evaluate'; by default to the size of the largest class. May be the output folder.",
    };

    public ClassOption Classes { get; } = new();

    public Option<string> Output { get; } = CommandOption.WithDefault(
        "--output", "Folder for the data set. An interrupted one continues.", Path.Combine("runs", "dataset"));

    public Option<string?> KeepIf { get; } = new("--keep-if")
    {
        Description = "Classifier file of 'ctf train-classifier': images that it does not assign to their class are replaced.",
    };

    public Option<int?> Workers { get; } = CommandOption.OptionalNumber(
        "--workers", "Models that generate at the same time; one per CUDA device, or one on the CPU, if omitted.", NumberRange.Between(1, 256));

    public PlacementOptions Placement { get; } = new();

    public void AddTo(Command command)
    {
        Option[] options =
        [
            Bundle.Option, PerClass, Counts, Fill, Classes.Option, _format, Output, _seed, .. _sampling.All, _imageFormat, _quality, _shardSize, _name,
            KeepIf, _minProbability, Workers, Placement.Device, Placement.Dtype,
        ];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(Check);
    }

    /// <summary>Returns the plan of a data set.</summary>
    /// <param name="counts">Images of each class, by class id.</param>
    /// <param name="classifierHash">SHA-256 of the file of <see cref="KeepIf"/>; null without it.</param>
    public DatasetPlan Plan(ParseResult arguments, ModelDescription model, IReadOnlyList<int> counts, string? classifierHash) => new()
    {
        Counts = counts,
        Seed = arguments.GetValue(_seed),
        Coarse = _sampling.Coarse(arguments, model.DefaultCoarse),
        Fine = _sampling.Fine(arguments, model.DefaultFine),
        Format = arguments.GetValue(_format),
        ImageFormat = arguments.GetValue(_imageFormat),
        Quality = arguments.GetValue(_quality),
        ShardSize = arguments.GetValue(_shardSize),
        Name = arguments.GetRequiredValue(_name),
        Filter = classifierHash is null ? null : new ImageFilter(classifierHash, arguments.GetValue(_minProbability)),
    };

    private void Check(CommandResult result)
    {
        bool IsTyped(Option option) => result.GetResult(option) is { Implicit: false };
        if (!IsTyped(PerClass) && !IsTyped(Counts) && !IsTyped(Fill))
        {
            result.AddError($"Name the number of images with {PerClass.Name}, {Counts.Name} or {Fill.Name}.");
        }

        Option[] contradicting = [PerClass, Fill, Classes.Option];
        if (IsTyped(Counts) && contradicting.Where(IsTyped).Select(option => option.Name).ToList() is { Count: > 0 } typed)
        {
            result.AddError($"{Counts.Name} says how many images of which class. Omit {string.Join(", ", typed)}.");
        }

        if (IsTyped(_minProbability) && !IsTyped(KeepIf))
        {
            result.AddError($"{_minProbability.Name} needs the classifier of {KeepIf.Name}.");
        }

        Option[] ofFiles = [_imageFormat, _quality];
        var isNpz = result.GetResult(_format) is { Tokens: [var format] } && format.Value.Equals("npz", StringComparison.OrdinalIgnoreCase);
        if (isNpz && ofFiles.Where(IsTyped).Select(option => option.Name).ToList() is { Count: > 0 } useless)
        {
            result.AddError($"{_format.Name} npz stores pixels, not image files. Omit {string.Join(", ", useless)}.");
        }
    }
}
