using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Loading;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Generate;

/// <summary>The options of the commands that draw images: what to draw, how, and where the files go.</summary>
/// <param name="classIsRequired">False to draw every class if <c>--class</c> is omitted.</param>
/// <param name="defaultOutput">Folder for the images below <c>runs</c>.</param>
internal sealed class NewImageOptions(bool classIsRequired, string defaultOutput)
{
    private readonly Option<ImageFormat> _format = CommandOption.Choice("--format", "File format of the images:", ImageFormat.Png);
    private readonly Option<int> _quality = CommandOption.Number(
        "--quality", "Quality of JPEG and WebP files; PNG is lossless.", ImageCodec.DefaultQuality, NumberRange.Between(0, 100));

    private readonly Option<string?> _sheet = new("--sheet")
    {
        Description = $"Also write all images as one sheet, in the format of the extension: {FileEndings.Names}.",
    };

    private readonly PlacementOptions _placement = new();

    public BundleOption Bundle { get; } = new("Folder of the bundle.");

    public ClassOption Classes { get; } = new(classIsRequired);

    public Option<int> Count { get; } = CommandOption.Number("--count", "Images per class.", 1, TrainingRanges.Images);

    public Option<ulong> Seed { get; } = CommandOption.Seed();

    public SamplingOptions Sampling { get; } = new();

    public Option<int> Columns { get; } = CommandOption.Number("--columns", "Images per row of the sheet.", 6, TrainingRanges.Images);

    public Option<string> Output { get; } = CommandOption.WithDefault(
        "--output", "Folder for the images: one subfolder per class, one file per seed.", Path.Combine("runs", defaultOutput));

    public Option<bool> Overwrite { get; } = OverwriteOption.Create();

    /// <summary>The options that say what to draw and how to write it.</summary>
    public IReadOnlyList<Option> OfImages => [Classes.Option, Count, Seed, .. Sampling.All, _format, _quality, _sheet, Columns];

    public void AddTo(Command command)
    {
        Count.Aliases.Add("-n");
        foreach (var option in (Option[])[Bundle.Option, .. OfImages, Output, Overwrite, _placement.Device, _placement.Dtype, _placement.MaxWindow])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(CheckSheet);
    }

    public (ImageFormat Format, int Quality) Encoding(ParseResult arguments) => (arguments.GetValue(_format), arguments.GetValue(_quality));

    /// <summary>Returns the folder for the images, after creating it.</summary>
    /// <exception cref="IOException">The folder cannot be created or written to.</exception>
    public string Folder(ParseResult arguments) => OutputPath.Folder(Output.Name, arguments.GetRequiredValue(Output));

    /// <summary>Returns the path of the sheet, after creating its folder; null for none.</summary>
    /// <exception cref="IOException">The folder cannot be created or written to.</exception>
    public string? SheetFile(ParseResult arguments) => arguments.GetValue(_sheet) is { } path ? OutputPath.File(_sheet.Name, path) : null;

    public Func<ModelPlacement> Placement(ParseResult arguments) => _placement.Placement(arguments);

    /// <inheritdoc cref="PlacementOptions.MaxWindow"/>
    public int? MaxWindow(ParseResult arguments) => arguments.GetValue(_placement.MaxWindow);

    /// <summary>Returns what the user typed; null for an omitted option.</summary>
    public (string? Device, string? Dtype) TypedPlacement(ParseResult arguments) =>
        (Typed(arguments, _placement.Device), Typed(arguments, _placement.Dtype));

    private static string? Typed(ParseResult arguments, Option<string> option) =>
        arguments.GetResult(option) is { Implicit: false } ? arguments.GetValue(option) : null;

    private void CheckSheet(CommandResult result)
    {
        var sheet = result.GetResult(_sheet) is { Tokens: [var name] } ? name.Value : null;
        if (sheet is not null && FileEndings.Format(sheet) is null)
        {
            result.AddError($"{_sheet.Name} is '{sheet}', expected a file name with the extension {FileEndings.Names}.");
        }
    }
}
