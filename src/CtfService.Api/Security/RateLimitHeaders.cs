using System.Globalization;
using CtfService.Api.Contracts;
using CtfService.Jobs.Usage;

namespace CtfService.Api.Security;

/// <summary>
/// Tells a caller with limits what is left of them, in OpenAI's headers. Of two limits of images, the headers are about the one with fewer images left.
/// </summary>
internal static class RateLimitHeaders
{
    private static readonly string[] Figures = ["limit", "remaining", "reset"];

    private static readonly string[] Kinds = ["requests", "images"];

    public static IReadOnlyList<string> Names { get; } =
        [.. Kinds.SelectMany(kind => Figures.Select(figure => $"{CustomHeaders.RateLimit}{figure}-{kind}"))];

    /// <summary>Sets the states that the response will report; those of other limits remain. The last call before the response starts counts.</summary>
    public static void Set(HttpContext http, IReadOnlyList<UsageState> states)
    {
        if (http.Features.Get<Reported>() is not { } reported)
        {
            http.Features.Set(reported = []);
            http.Response.OnStarting(Write, http); // the error handler clears headers that are set earlier
        }

        foreach (var state in states)
        {
            reported[state.Limit.Name] = state;
        }
    }

    /// <summary>Writes a time as OpenAI does: <c>120ms</c>, <c>1s</c>, <c>6m0s</c>, <c>23h59m59s</c>. Rounds up, so that waiting for it suffices.</summary>
    public static string Format(TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1))
        {
            return time == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMilliseconds):0}ms");
        }

        var seconds = (long)Math.Ceiling(time.TotalSeconds);
        var (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        return hours > 0 ? $"{hours}h{minutes}m{rest}s" : minutes > 0 ? $"{minutes}m{rest}s" : $"{rest}s";
    }

    private static Task Write(object context)
    {
        var http = (HttpContext)context;
        var reported = http.Features.Get<Reported>()!;
        Write(http, Kinds[0], reported.GetValueOrDefault(nameof(SecurityOptions.RequestsPerMinute)));
        Write(http, Kinds[1], reported.Values.Where(state => state.Limit.Name != nameof(SecurityOptions.RequestsPerMinute)).MinBy(state => state.Left));
        return Task.CompletedTask;
    }

    private static void Write(HttpContext http, string kind, UsageState? state)
    {
        if (state is null)
        {
            return;
        }

        string[] values =
        [
            state.Limit.Most.ToString(CultureInfo.InvariantCulture), state.Left.ToString(CultureInfo.InvariantCulture), Format(state.Reset),
        ];
        foreach (var (figure, value) in Figures.Zip(values))
        {
            http.Response.Headers[$"{CustomHeaders.RateLimit}{figure}-{kind}"] = value;
        }
    }

    /// <summary>Last state of each limit, by the name of the limit.</summary>
    private sealed class Reported : Dictionary<string, UsageState>;
}
