using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>
/// Reads the numbers of every command, the same way in every culture: digits with a sign, and for numbers that are not whole a decimal point and an exponent.
/// Thousands separators, decimal commas, white space, NaN and infinities are refused.
/// </summary>
internal static partial class NumberText
{
    /// <summary>False if the text is not such a number, or the number is out of range.</summary>
    public static bool TryRead<T>(string text, NumberRange<T> range, out T value)
        where T : struct, INumber<T> => T.TryParse(text, Styles<T>(), CultureInfo.InvariantCulture, out value) && range.Contains(value);

    /// <summary>What is wrong with a text that <see cref="TryRead"/> refuses, for the user.</summary>
    /// <param name="name">The option.</param>
    public static string Problem<T>(string name, string text, NumberRange<T> range)
        where T : struct, INumber<T>
    {
        var kind = IsWhole<T>() ? "a whole number" : "a number";
        return $"{name} is '{text}', expected {kind}, {range}.{Hint<T>(text)}";
    }

    private static bool IsWhole<T>()
        where T : struct, INumber<T> => T.CreateTruncating(1.5) == T.One;

    private static NumberStyles Styles<T>()
        where T : struct, INumber<T> =>
        IsWhole<T>() ? NumberStyles.AllowLeadingSign : NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    private static string Hint<T>(string text)
        where T : struct, INumber<T>
    {
        if (IsWhole<T>())
        {
            return Grouped().IsMatch(text) ? $" Write {Separators().Replace(text, "")}, without separators."
                : text.Contains(',', StringComparison.Ordinal) ? " Separate numbers with spaces."
                : "";
        }

        return DecimalComma().IsMatch(text) ? $" Decimals have a point: write {text.Replace(',', '.')}." : "";
    }

    /// <summary>Digits in groups of three, as 1,000 or 16'384.</summary>
    [GeneratedRegex(@"^[0-9]{1,3}([,.'_ ][0-9]{3})+\z")]
    private static partial Regex Grouped();

    [GeneratedRegex("[,.'_ ]")]
    private static partial Regex Separators();

    [GeneratedRegex(@"^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\z")]
    private static partial Regex DecimalComma();
}
