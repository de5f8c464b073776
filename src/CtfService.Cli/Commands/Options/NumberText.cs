using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using CtfService.Core.Generation;

namespace CtfService.Cli.Commands.Options;

/// <summary>
/// Parses the numbers of every command in the same way in every culture: digits with a sign, and a decimal point and an exponent unless the number is whole.
/// Rejects thousands separators, decimal commas, white space, NaN and infinities.
/// </summary>
internal static partial class NumberText
{
    /// <summary>Returns false if the text is malformed or the number is out of range.</summary>
    public static bool TryRead<T>(string text, NumberRange<T> range, out T value)
        where T : struct, INumber<T> => T.TryParse(text, Styles<T>(), CultureInfo.InvariantCulture, out value) && range.Contains(value);

    /// <summary>Returns the message for a text that <see cref="TryRead"/> rejects.</summary>
    /// <param name="name">Name of the option.</param>
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

        return DecimalComma().IsMatch(text) ? $" Use a decimal point: write {text.Replace(',', '.')}." : "";
    }

    /// <summary>Matches digits in groups of three, such as 1,000 or 16'384.</summary>
    [GeneratedRegex(@"^[0-9]{1,3}([,.'_ ][0-9]{3})+\z")]
    private static partial Regex Grouped();

    [GeneratedRegex("[,.'_ ]")]
    private static partial Regex Separators();

    [GeneratedRegex(@"^[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?\z")]
    private static partial Regex DecimalComma();
}
