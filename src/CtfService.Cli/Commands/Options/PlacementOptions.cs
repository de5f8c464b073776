using System.CommandLine;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Options;

/// <summary>The options of every command that loads a model: where to, and in which element type.</summary>
internal static class PlacementOptions
{
    public static (Option<string> Device, Option<string> Dtype) Create() =>
    (
        Matching(CommandOption.WithDefault("--device", $"Where the model runs: {ModelPlacement.Devices}.", "auto"), ModelPlacement.DevicePattern, ModelPlacement.Devices),
        Matching(CommandOption.WithDefault("--dtype", $"Element type of the transformers: {ModelPlacement.Dtypes}.", "auto"), ModelPlacement.DtypePattern, ModelPlacement.Dtypes));

    private static Option<string> Matching(Option<string> option, string pattern, string values)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !System.Text.RegularExpressions.Regex.IsMatch(result.Tokens[0].Value, pattern))
            {
                result.AddError($"{option.Name} is '{result.Tokens[0].Value}', expected {values}.");
            }
        });
        return option;
    }
}
