using System.CommandLine;
using System.Text.RegularExpressions;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Options;

/// <summary>The options of commands that load a model: on which device, with which element type, and how many labels a step may draw.</summary>
internal sealed class PlacementOptions
{
    /// <summary>The word for every weight format of the CPU engine.</summary>
    public const string AllFormats = "all";

    public Option<string> Device { get; } = Matching(
        CommandOption.WithDefault("--device", $"Device of the model: {ModelPlacement.Devices}.", "auto"), ModelPlacement.DevicePattern, ModelPlacement.Devices);

    public Option<string> Dtype { get; } = Matching(
        CommandOption.WithDefault("--dtype", $"Element type of the transformers: {ModelPlacement.Dtypes}.", "auto"),
        ModelPlacement.DtypePattern,
        ModelPlacement.Dtypes);

    /// <summary>Null if it is omitted.</summary>
    public Option<int?> MaxWindow { get; } = CommandOption.OptionalNumber(
        "--max-window",
        "Most positions of an image whose labels one decode step may draw; chosen by measurement if omitted.",
        NumberRange.Between(1, DecodeWork.LargestWindow));

    /// <summary>Creates an option for the element type that also accepts <see cref="AllFormats"/>.</summary>
    public static Option<string> DtypeOrAll() => Matching(
        CommandOption.WithDefault(
            "--dtype",
            $"Element type of the transformers: {ModelPlacement.Dtypes}; or {AllFormats}, which compares {string.Join(", ", FormatRule.Formats)} on the CPU.",
            "auto"),
        $"{ModelPlacement.DtypePattern}|^{AllFormats}$",
        $"{ModelPlacement.Dtypes}, or {AllFormats}");

    /// <summary>Returns the placement. Call it only when a model is loaded, because looking for a device loads libtorch.</summary>
    public Func<ModelPlacement> Placement(ParseResult arguments) =>
        () => ModelPlacement.Parse(arguments.GetRequiredValue(Device), arguments.GetRequiredValue(Dtype));

    /// <summary>Adds to an option the check that its value matches a regular expression.</summary>
    /// <param name="values">The accepted values, for the message.</param>
    internal static Option<string> Matching(Option<string> option, string pattern, string values)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !Regex.IsMatch(result.Tokens[0].Value, pattern))
            {
                result.AddError($"{option.Name} is '{result.Tokens[0].Value}', expected {values}.");
            }
        });
        return option;
    }
}
