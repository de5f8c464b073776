using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Checks that each alias is a usable model name and unique.</summary>
internal sealed class ModelAliasesValidator : IValidateOptions<ModelOptions>
{
    private const int MaxLength = 128;

    public ValidateOptionsResult Validate(string? name, ModelOptions options)
    {
        var problems = options.Aliases
            .Select((alias, index) => (alias, index))
            .Where(entry => string.IsNullOrWhiteSpace(entry.alias) || entry.alias.Length > MaxLength || options.Aliases.Take(entry.index).Contains(entry.alias))
            .Select(entry =>
                $"Model:Aliases:{entry.index} is '{entry.alias}'; expected a unique name of 1 to {MaxLength} characters. Change or remove it.")
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
