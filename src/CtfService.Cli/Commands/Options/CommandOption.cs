using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>Makes the kinds of options that several commands have. Every number has a range, which the help shows.</summary>
internal static class CommandOption
{
    /// <summary>The caller must name it.</summary>
    public static Option<string> Required(string name, string description) => new(name) { Description = description, Required = true };

    /// <summary>A text.</summary>
    public static Option<string> WithDefault(string name, string description, string defaultValue) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    /// <summary>One number.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Read(result, name, result.Tokens[0].Value, range),
        };

    /// <summary>One number that may be left out; the description says what happens then.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string description, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            CustomParser = result => Read(result, name, result.Tokens[0].Value, range),
        };

    /// <summary>One number or more, parted by spaces. Each is in the range.</summary>
    public static Option<T[]> Numbers<T>(string name, string description, T[] defaultValue, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            DefaultValueFactory = _ => defaultValue,
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => Read(result, name, token.Value, range))],
        };

    /// <summary>One word or more of a set, parted by spaces; upper and lower case are the same.</summary>
    public static Option<T[]> Choices<T>(string name, string description, T[] defaultValue)
        where T : struct, Enum => new(name)
        {
            Description = $"{description} {Names<T>()}.",
            DefaultValueFactory = _ => defaultValue,
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => Choose<T>(result, name, token.Value))],
        };

    /// <summary>One word of a set; upper and lower case are the same.</summary>
    public static Option<T> Choice<T>(string name, string description, T defaultValue)
        where T : struct, Enum => new(name)
        {
            Description = $"{description} {Names<T>()}.",
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Choose<T>(result, name, result.Tokens[0].Value),
        };

    /// <summary>Seed of everything random in the command.</summary>
    public static Option<ulong> Seed(string name = "--seed", string description = "Same seed, same result.") =>
        Number(name, description, 0UL, NumberRange.From(0UL));

    private static T Read<T>(ArgumentResult result, string name, string text, NumberRange<T> range)
        where T : struct, INumber<T>
    {
        if (!NumberText.TryRead(text, range, out var value))
        {
            result.AddError(NumberText.Problem(name, text, range));
        }

        return value;
    }

    private static T Choose<T>(ArgumentResult result, string name, string text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (value.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        result.AddError($"{name} is '{text}', expected one of {Names<T>()}.");
        return default;
    }

    private static string Names<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant();

    private static string WithRange<T>(string description, NumberRange<T> range)
        where T : struct, INumber<T> => $"{description} Range: {range}.";
}
