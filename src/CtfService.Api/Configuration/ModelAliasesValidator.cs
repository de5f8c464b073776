using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>An alias is what a client writes as a model's name, once.</summary>
internal sealed class ModelAliasesValidator : IValidateOptions<ModelOptions>
{
    private const int MaxLength = 128;

    public ValidateOptionsResult Validate(string? name, ModelOptions options)
    {
        var problems = options.Aliases
            .Select((alias, index) => (alias, index))
            .Where(entry => string.IsNullOrWhiteSpace(entry.alias) || entry.alias.Length > MaxLength || options.Aliases.Take(entry.index).Contains(entry.alias))
            .Select(entry => $"Model:Aliases:{entry.index} is '{entry.alias}'; expected a name of 1 to {MaxLength} characters that no other alias has. Change or remove it.")
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
