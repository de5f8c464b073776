using System.Globalization;
using CtfService.Api.Contracts;
using CtfService.Inference.Queue;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Validation;

/// <summary>Chooses the time limit of a request: the smallest of the one in its body, the one in its header, and the configured one.</summary>
internal static class DeadlineChoice
{
    private const string Field = "timeout_ms";

    public static RequestDeadline Choose(int? timeoutMs, StringValues header, InferenceOptions options, RequestProblems problems)
    {
        var candidates = new List<RequestDeadline>();
        problems.RequireRange(timeoutMs, 1, int.MaxValue, Field);
        if (timeoutMs is > 0)
        {
            candidates.Add(new RequestDeadline(TimeSpan.FromMilliseconds(timeoutMs.Value), Field));
        }

        if (!StringValues.IsNullOrEmpty(header))
        {
            if (Parse(header.ToString()) is { } timeout)
            {
                candidates.Add(new RequestDeadline(timeout, $"the header {CustomHeaders.RequestTimeout}"));
            }
            else
            {
                problems.Add(
                    CustomHeaders.RequestTimeout,
                    "invalid_header",
                    $"The header {CustomHeaders.RequestTimeout} is '{header}'; "
                    + "expected seconds above 0, such as 30, 2.5 or 2.5s, or milliseconds, such as 1500ms.");
            }
        }

        candidates.Add(RequestDeadline.Of(options));
        return candidates.MinBy(candidate => candidate.Timeout)!; // of equal ones the first, which the caller has set
    }

    /// <summary>Returns null if the text is not a time above zero, or if its number is 86,400,000 or more.</summary>
    private static TimeSpan? Parse(string text)
    {
        var (number, unit) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], TimeSpan.FromMilliseconds(1)),
            _ when text.EndsWith('s') => (text[..^1], TimeSpan.FromSeconds(1)),
            _ => (text, TimeSpan.FromSeconds(1)),
        };
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0 && value < 86_400_000
            ? TimeSpan.FromTicks(Math.Max(1, (long)(value * unit.Ticks)))
            : null;
    }
}
