using CtfService.Core.Classes;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Names of settings, and what a misspelt one was meant to be.</summary>
internal static class SettingNames
{
    /// <param name="path">The whole key.</param>
    /// <param name="known">What could stand in its last place.</param>
    public static string Unknown(string path, IEnumerable<string> known)
    {
        var names = known.ToList();
        var (parent, name) = (ConfigurationPath.GetParentPath(path), ConfigurationPath.GetSectionKey(path));
        var near = new ClassCatalog(names).Suggest(name, count: 1); // the same question as for a misspelt class
        var hint = near.Count > 0
            ? $"Did you mean {ConfigurationPath.Combine(parent ?? "", near[0]).TrimStart(':')}?"
            : $"Known are {string.Join(", ", names)}.";
        return $"{path} is not a setting. {hint}";
    }
}

/// <summary>
/// Sections that are a letter or two away from ours. Any other name belongs to somebody else: the environment is part of the settings.
/// </summary>
internal sealed class SectionNamesValidator(IConfiguration configuration, IReadOnlyList<string> sections) : IValidateOptions<ModelOptions>
{
    public ValidateOptionsResult Validate(string? name, ModelOptions options)
    {
        var ours = new ClassCatalog(sections);
        var problems = configuration.GetChildren()
            .Where(section => section.GetChildren().Any() && ours.Find(section.Key) is null && section.Key.Length > 3)
            .Where(section => ours.Suggest(section.Key).Any(near =>
                Math.Abs(near.Length - section.Key.Length) <= 1 && char.ToUpperInvariant(near[0]) == char.ToUpperInvariant(section.Key[0])))
            .Select(section => SettingNames.Unknown(section.Path, sections))
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
