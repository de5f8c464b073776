using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Configuration;

/// <summary>Checks the annotations of an options record. Each message names the key, its value, the range and where to set it.</summary>
internal sealed class OptionsRangeValidator<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var failures = (
            from property in typeof(TOptions).GetProperties()
            from rule in property.GetCustomAttributes<ValidationAttribute>()
            let value = property.GetValue(options)
            where !rule.IsValid(value)
            select Message(property.Name, value, rule)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private string Message(string property, object? value, ValidationAttribute rule)
    {
        var expected = rule switch
        {
            RangeAttribute range => $"between {Show(range.Minimum)} and {Show(range.Maximum)}",
            { ErrorMessage: { } values } => values,
            _ => "a value",
        };
        return $"{section}:{property} is {Show(value)}; expected {expected}. Set it in appsettings.json or in the environment variable {section}__{property}.";
    }

    private static string Show(object? value) => value is null or "" ? "empty" : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
