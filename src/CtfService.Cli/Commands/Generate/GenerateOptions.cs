using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Generate;

/// <summary>The options of <c>ctf generate</c>.</summary>
internal sealed class GenerateOptions
{
    private readonly Option<ImageFormat> _format = CommandOption.Choice("--format", "File format of the images:", ImageFormat.Png);
    private readonly Option<int> _quality = CommandOption.Number(
        "--quality", "Quality of JPEG and WebP files; PNG is lossless.", ImageCodec.DefaultQuality, NumberRange.Between(0, 100));

    private readonly Option<string?> _sheet = new("--sheet")
    {
        Description = $"Also write all images as one sheet, in the format of the extension: {FileEndings.Names}.",
    };

    private readonly Option<string[]> _from = new("--from")
    {
        Description = "Image files of CtfService to reproduce byte for byte from their provenance; needs the bundle that made them.",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly PlacementOptions _placement = new();

    public ClassOption Classes { get; } = new();

    public BundleOption Bundle { get; } = new("Folder of the bundle.");

    public Option<int> Count { get; } = CommandOption.Number("--count", "Images per class.", 1, TrainingRanges.Images);

    public Option<ulong> Seed { get; } = CommandOption.Seed();

    public Option<string> Output { get; } = CommandOption.WithDefault(
        "--output", "Folder for the images: one subfolder per class, one file per seed.", Path.Combine("runs", "generated"));

    public Option<int> Columns { get; } = CommandOption.Number("--columns", "Images per row of the sheet.", 6, TrainingRanges.Images);

    public Option<bool> Overwrite { get; } = OverwriteOption.Create();

    public SamplingOptions Sampling { get; } = new();

    public void AddTo(Command command)
    {
        Option[] newImageOptions = [Classes.Option, Count, Seed, .. Sampling.All, _format, _quality, _sheet, Columns];
        foreach (var option in new[] { Bundle.Option }.Concat(newImageOptions).Concat([Output, Overwrite, _placement.Device, _placement.Dtype, _from]))
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result => Check(result, newImageOptions));
    }

    public (ImageFormat Format, int Quality) Encoding(ParseResult arguments) => (arguments.GetValue(_format), arguments.GetValue(_quality));

    /// <summary>Returns the path of the sheet; null for none.</summary>
    public string? Sheet(ParseResult arguments) => arguments.GetValue(_sheet);

    /// <summary>Returns the files to reproduce; empty to generate new images.</summary>
    public IReadOnlyList<string> From(ParseResult arguments) => arguments.GetValue(_from) ?? [];

    public Func<ModelPlacement> Placement(ParseResult arguments) => _placement.Placement(arguments);

    /// <summary>Returns what the user typed; null for an omitted option.</summary>
    public (string? Device, string? Dtype) TypedPlacement(ParseResult arguments) =>
        (Typed(arguments, _placement.Device), Typed(arguments, _placement.Dtype));

    private void Check(CommandResult result, Option[] newImageOptions)
    {
        bool IsTyped(Option option) => result.GetResult(option) is { Implicit: false };
        if (IsTyped(_from) && newImageOptions.Where(IsTyped).Select(option => option.Name).ToList() is { Count: > 0 } typed)
        {
            result.AddError($"{_from.Name} takes everything from the file. Omit {string.Join(", ", typed)}.");
        }

        var sheet = result.GetResult(_sheet) is { Tokens: [var name] } ? name.Value : null;
        if (sheet is not null && FileEndings.Format(sheet) is null)
        {
            result.AddError($"{_sheet.Name} is '{sheet}', expected a file name with the extension {FileEndings.Names}.");
        }
    }

    private static string? Typed(ParseResult arguments, Option<string> option) =>
        arguments.GetResult(option) is { Implicit: false } ? arguments.GetValue(option) : null;
}
