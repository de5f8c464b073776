using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace CtfService.Cli.Commands;

/// <summary>Makes the kinds of options that several commands have.</summary>
internal static class CommandOption
{
    /// <summary>The caller must name it.</summary>
    public static Option<string> Required(string name, string description) => new(name) { Description = description, Required = true };

    public static Option<T> WithDefault<T>(string name, string description, T defaultValue) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    /// <summary>A whole number from 1 up.</summary>
    public static Option<int> Count(string name, string description, int defaultValue, int minimum = 1)
    {
        var option = WithDefault(name, description, defaultValue);
        Require<int>(option, value => value >= minimum, value => TooSmall(name, value, minimum));
        return option;
    }

    /// <summary>A number that may be left out.</summary>
    public static Option<T?> Optional<T>(string name, string description, T minimum)
        where T : struct, INumber<T>
    {
        var option = new Option<T?>(name) { Description = description };
        Require<T>(option, value => value >= minimum, value => TooSmall(name, value, minimum));
        return option;
    }

    /// <summary>A finite number from 0 up.</summary>
    public static Option<double> Weight(string name, string description, double defaultValue)
    {
        var option = WithDefault(name, description, defaultValue);
        Require<double>(option, value => value >= 0 && double.IsFinite(value), value => $"{name} {value} is not a weight; expected a finite number from 0 up.");
        return option;
    }

    /// <summary>A number from 0 to 1.</summary>
    public static Option<double> Share(string name, string description, double defaultValue)
    {
        var option = WithDefault(name, description, defaultValue);
        Require<double>(option, value => value is >= 0 and <= 1, value => $"{name} {value} is not a share; expected a number from 0 to 1.");
        return option;
    }

    public static Option<ulong> Seed() => WithDefault("--seed", "Same seed, same run.", 0UL);

    /// <summary>What cannot be read as a number is left to the parser's own message.</summary>
    private static void Require<T>(Option option, Predicate<T> holds, Func<T, FormattableString> problem)
        where T : INumber<T> => option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && T.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && !holds(value))
            {
                result.AddError(FormattableString.Invariant(problem(value)));
            }
        });

    private static FormattableString TooSmall<T>(string name, T value, T minimum) => $"{name} {value} is below {minimum}, the smallest value allowed.";
}
