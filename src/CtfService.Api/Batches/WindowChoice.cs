using System.Globalization;
using CtfService.Api.Validation;

namespace CtfService.Api.Batches;

/// <summary>Reads the time that a batch has: a number of hours or days, such as <c>24h</c> or <c>3d</c>.</summary>
internal static class WindowChoice
{
    /// <summary>What OpenAI's clients send; they know no other.</summary>
    private const string Day = "24h";

    /// <summary>Largest number, so that no time overflows.</summary>
    private const int MostUnits = 100_000;

    /// <summary>Adds a problem if the text is not such a time, or if the time is too long. Use the result only if there is none.</summary>
    /// <param name="longest">The value of Jobs:Lifetime. OpenAI's window is shortened to it silently: <c>expires_at</c> says when the batch expires.</param>
    public static TimeSpan Choose(string? asked, TimeSpan longest, RequestProblems problems)
    {
        var window = Parse(asked);
        if (asked is null)
        {
            problems.Add("completion_window", "required", $"completion_window is missing; expected hours or days, such as '{Day}' or '3d'.");
        }
        else if (window is null || (window > longest && asked != Day))
        {
            problems.Add(
                "completion_window",
                "unsupported_value",
                $"completion_window '{asked}' is not supported; expected hours or days, such as '{Day}' or '3d', "
                + $"at most {longest.TotalHours:0.##} hours (Jobs:Lifetime).");
        }

        return window < longest ? window.Value : longest;
    }

    /// <summary>Returns null if the text is not a number of hours or days above 0.</summary>
    private static TimeSpan? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || !int.TryParse(text.AsSpan()[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is 0 or > MostUnits)
        {
            return null;
        }

        return text[^1] switch
        {
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }
}
