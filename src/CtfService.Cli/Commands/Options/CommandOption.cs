using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>Creates the kinds of options that commands share. Every number has a range, which the help shows.</summary>
internal static class CommandOption
{
    /// <summary>Creates a required text option.</summary>
    public static Option<string> Required(string name, string description) => new(name) { Description = description, Required = true };

    /// <summary>Creates a text option with a default.</summary>
    public static Option<string> WithDefault(string name, string description, string defaultValue) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    /// <summary>Creates an option for one number.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Read(result, name, result.Tokens[0].Value, range),
        };

    /// <summary>Creates an option for one number without a default; the description says what happens if it is omitted.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string description, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            CustomParser = result => Read(result, name, result.Tokens[0].Value, range),
        };

    /// <summary>Creates an option for one or more numbers, separated by spaces, all in the range.</summary>
    public static Option<T[]> Numbers<T>(string name, string description, T[] defaultValue, NumberRange<T> range)
        where T : struct, INumber<T> => new(name)
        {
            Description = WithRange(description, range),
            DefaultValueFactory = _ => defaultValue,
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => Read(result, name, token.Value, range))],
        };

    /// <summary>Creates an option for one or more words of a set, separated by spaces, in any case.</summary>
    public static Option<T[]> Choices<T>(string name, string description, T[] defaultValue)
        where T : struct, Enum => OfWords(WordsOf<T>(), new Option<T[]>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => Choose<T>(result, name, token.Value))],
        });

    /// <summary>Creates an option for one word of a set, in any case.</summary>
    public static Option<T> Choice<T>(string name, string description, T defaultValue)
        where T : struct, Enum => OfWords(WordsOf<T>(), new Option<T>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Choose<T>(result, name, result.Tokens[0].Value),
        });

    /// <inheritdoc cref="Choice{T}"/>
    public static Option<string> Choice(string name, string description, IReadOnlyList<string> words, string defaultValue) =>
        OfWords(words, new Option<string>(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => Choose(result, name, result.Tokens[0].Value, words),
        });

    /// <summary>Creates an option for one word of a set, in any case, without a default.</summary>
    public static Option<string?> OptionalChoice(string name, string description, IReadOnlyList<string> words) =>
        OfWords(words, new Option<string?>(name)
        {
            Description = description,
            CustomParser = result => Choose(result, name, result.Tokens[0].Value, words),
        });

    /// <summary>Creates the option for the seed of all random numbers of the command.</summary>
    public static Option<ulong> Seed(string name = "--seed", string description = "Seed; the same seed gives the same result.") =>
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
        where T : struct, Enum => Enum.TryParse<T>(Choose(result, name, text, WordsOf<T>()), ignoreCase: true, out var value) ? value : default;

    /// <summary>Returns the word as the set spells it; adds an error and returns null if the set does not contain it.</summary>
    private static string? Choose(ArgumentResult result, string name, string text, IReadOnlyList<string> words)
    {
        var found = words.FirstOrDefault(word => word.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (found is null)
        {
            result.AddError($"{name} is '{text}', expected one of {string.Join(", ", words)}.");
        }

        return found;
    }

    private static string[] WordsOf<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(word => word.ToLowerInvariant())];

    private static string WithRange<T>(string description, NumberRange<T> range)
        where T : struct, INumber<T> => $"{description} Range: {range}.";

    /// <summary>Lists the words of an option in its help and offers them as completions.</summary>
    private static Option<T> OfWords<T>(IReadOnlyList<string> words, Option<T> option)
    {
        option.Description = $"{option.Description} {string.Join(", ", words)}.";
        option.HelpName = string.Join('|', words);
        option.CompletionSources.Clear(); // the names of an enumeration, in another case
        option.CompletionSources.Add([.. words]);
        return option;
    }
}
