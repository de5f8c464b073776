using CtfService.Core.Classes;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Describes unknown settings and suggests the intended name.</summary>
internal static class SettingNames
{
    /// <param name="path">The full key.</param>
    /// <param name="known">The names allowed in its last segment.</param>
    public static string Unknown(string path, IEnumerable<string> known)
    {
        var names = known.ToList();
        var (parent, name) = (ConfigurationPath.GetParentPath(path), ConfigurationPath.GetSectionKey(path));
        var near = new ClassCatalog(names).Suggest(name, count: 1); // the same search as for a misspelt class
        var hint = near.Count > 0
            ? $"Did you mean {ConfigurationPath.Combine(parent ?? "", near[0]).TrimStart(':')}?"
            : $"Known names: {string.Join(", ", names)}.";
        return $"{path} is not a setting. {hint}";
    }
}

/// <summary>
/// Reports sections whose name is a misspelling of a known one. Other names belong to other programs, because the environment is part of the settings.
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
