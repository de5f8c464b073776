using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation.Samples;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>The options of <c>ctf evaluate</c>.</summary>
internal sealed class EvaluateOptions
{
    private static readonly string DefaultClassifier = Path.Combine("runs", "classifier.safetensors");

    private readonly BundleOption _bundle = new("Folder of the bundle whose images are evaluated.");
    private readonly SamplingOptions _sampling = new();

    private readonly Option<string?> _images = new("--images")
    {
        Description = "Existing images to evaluate instead of a bundle's: a folder or tar file with <class>/<image>, a WebDataset, npz or Parquet files, "
            + "or an npz file with their statistics, mu and sigma.",
    };

    private readonly Option<int> _imageSize = CommandOption.Number(
        "--image-size", "With --images: side that these and the real images are scaled to, in pixels.", 64, TrainingRanges.ImageSide);

    private readonly Option<int> _maxPixels = MaxPixelsOption.Create();
    private readonly Option<string?> _classNames = ClassNamesOption.Create();

    private readonly Option<string> _data = CommandOption.Required(
        "--data",
        "Real images: a folder or tar file with train/<class>/<image> and test/<class>/<image>, splits or one set in another format, "
            + "or an npz file with their statistics, mu and sigma.");

    private readonly Option<string?> _classifier = new("--classifier")
    {
        Description = "Classifier file of 'ctf train-classifier' on --data, for features of these classes and class accuracy; "
            + $"{DefaultClassifier} if both this and --inception are omitted.",
    };

    private readonly Option<string?> _inception = new("--inception")
    {
        Description = "Inception-v3 weights of pytorch-fid (pt_inception-2015-12-05-6726825d.pth), whose features published figures use.",
    };

    private readonly Option<int> _perClass = CommandOption.Number("--per-class", "Images generated per class.", 100, NumberRange.Between(4, 1_000_000));
    private readonly Option<ulong> _seed = CommandOption.Seed();
    private readonly Option<string> _output = CommandOption.WithDefault(
        "--output", "Folder for the images and the report; run the command again to continue there.", Path.Combine("runs", "evaluation"));

    private readonly Option<string> _cache = CommandOption.WithDefault(
        "--cache", "Folder for the features of real images, which later evaluations reuse.", Path.Combine("runs", "real-features"));

    private readonly PlacementOptions _placement = new();
    private readonly Option<string> _dtype = PlacementOptions.DtypeOrAll();
    private readonly Option<int> _seeds = CommandOption.Number(
        "--seeds", $"With --dtype {PlacementOptions.AllFormats}: number of seeds, from --seed up; their spread is what counts as equal.",
        FormatRule.LeastSeeds, NumberRange.Between(1, 1_000));

    private readonly Option<bool> _record = new("--record")
    {
        Description = $"With --dtype {PlacementOptions.AllFormats}: write the figures into the bundle's manifest, so that --dtype auto and Model:Dtype auto "
            + "may choose the formats that are as good as float32. The weight files and the hash of the bundle stay.",
    };

    public void AddTo(Command command)
    {
        Option[] modelOptions = [_bundle.Option, _perClass, _seed, .. _sampling.All, _dtype, _placement.MaxWindow, _seeds, _record];
        foreach (var option in (Option[])
            [_data, _classifier, _inception, _images, _imageSize, _maxPixels, _classNames, _output, _cache, _placement.Device, .. modelOptions])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            bool IsTyped(Option option) => result.GetResult(option) is { Implicit: false };
            if (IsTyped(_images) && modelOptions.Where(IsTyped).Select(option => option.Name).ToList() is { Count: > 0 } typed)
            {
                result.AddError($"--images needs no model. Omit {string.Join(", ", typed)}.");
            }
            else if (!IsTyped(_images) && IsTyped(_imageSize))
            {
                result.AddError("--image-size needs --images; the images of a bundle have the size of the bundle.");
            }

            RequireFitting(result, IsTyped);
        });
    }

    /// <summary>Checks the options of a comparison of formats.</summary>
    private void RequireFitting(CommandResult result, Func<Option, bool> isTyped)
    {
        if (result.GetValue(_dtype) != PlacementOptions.AllFormats)
        {
            foreach (var option in ((Option[])[_seeds, _record]).Where(isTyped))
            {
                result.AddError($"{option.Name} needs --dtype {PlacementOptions.AllFormats}.");
            }

            return;
        }

        if (isTyped(_inception))
        {
            result.AddError($"--dtype {PlacementOptions.AllFormats} compares class accuracy and FID by --classifier. Omit --inception.");
        }

        if (result.GetValue(_placement.Device)?.StartsWith("cuda", StringComparison.Ordinal) == true)
        {
            result.AddError($"--dtype {PlacementOptions.AllFormats} compares the formats of the CPU. Omit --device.");
        }

        if (result.GetValue(_record) && isTyped(_seeds) && result.GetValue(_seeds) < FormatRule.LeastSeeds)
        {
            result.AddError($"--record needs at least {FormatRule.LeastSeeds} --seeds; the spread of fewer says nothing.");
        }

        if (result.GetValue(_record) && _sampling.All.Where(isTyped).Select(option => option.Name).ToList() is { Count: > 0 } typed)
        {
            result.AddError($"--record is for the sampling of the bundle. Omit {string.Join(", ", typed)}.");
        }
    }

    public EvaluateArguments Read(ParseResult arguments)
    {
        var classifier = arguments.GetValue(_classifier);
        var inception = arguments.GetValue(_inception);
        return new EvaluateArguments
        {
            Bundle = _bundle.Folder(arguments),
            Images = arguments.GetValue(_images),
            ImageSize = arguments.GetValue(_imageSize),
            MaxPixels = arguments.GetValue(_maxPixels),
            ClassNames = arguments.GetValue(_classNames),
            Data = arguments.GetRequiredValue(_data),
            Classifier = classifier ?? (inception is null ? DefaultClassifier : null),
            Inception = inception,
            Output = arguments.GetRequiredValue(_output),
            Cache = arguments.GetRequiredValue(_cache),
            Device = arguments.GetRequiredValue(_placement.Device),
            Dtype = arguments.GetRequiredValue(_dtype),
            MaxWindow = arguments.GetValue(_placement.MaxWindow),
            Seeds = [.. Enumerable.Range(0, arguments.GetValue(_seeds)).Select(place => unchecked(arguments.GetValue(_seed) + (ulong)place))],
            Record = arguments.GetValue(_record),
            Plan = (model, seed) => SamplePlan.Default(model, arguments.GetValue(_perClass), seed) with
            {
                Coarse = _sampling.Coarse(arguments, model.DefaultCoarse),
                Fine = _sampling.Fine(arguments, model.DefaultFine),
            },
        };
    }
}

/// <summary>The arguments of <c>ctf evaluate</c>.</summary>
internal sealed record EvaluateArguments
{
    public required string Bundle { get; init; }

    /// <summary>Null if the bundle generates them.</summary>
    public required string? Images { get; init; }

    public required int ImageSize { get; init; }

    public required int MaxPixels { get; init; }

    /// <summary>File that lists the class names of the real images; null if there is none.</summary>
    public string? ClassNames { get; init; }

    /// <summary>Returns how the real images are read.</summary>
    /// <param name="side">Side of the images, pixels.</param>
    public DatasetRequest Real(int side) => new(side) { MaxPixels = MaxPixels, ClassNames = ClassNames };

    public required string Data { get; init; }

    public required string? Classifier { get; init; }

    public required string? Inception { get; init; }

    public required string Output { get; init; }

    public required string Cache { get; init; }

    public required string Device { get; init; }

    public required string Dtype { get; init; }

    public required int? MaxWindow { get; init; }

    /// <summary>True if the formats of the CPU are compared.</summary>
    public bool AllFormats => Dtype == PlacementOptions.AllFormats;

    /// <summary>The seeds of a comparison; the first is that of an evaluation.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>True if the comparison is written into the manifest.</summary>
    public required bool Record { get; init; }

    /// <summary>Returns the plan for a model and a seed.</summary>
    public required Func<ModelDescription, ulong, SamplePlan> Plan { get; init; }
}
