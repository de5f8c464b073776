using CtfService.Api.Errors;
using CtfService.Jobs.Usage;

namespace CtfService.Api.Security;

/// <summary>Refusals of callers that have used up a limit.</summary>
internal static class RateLimitErrors
{
    /// <summary>Too little is left of a limit.</summary>
    /// <param name="needed">Requests or images that were asked for.</param>
    public static ApiError Exceeded(UsageState limit, long needed) => new(
        StatusCodes.Status429TooManyRequests,
        $"{Caller(limit.Limit)} has used {limit.Used} of its {limit.Limit.Most} {Words(limit.Limit)} ({limit.Limit.Name}), and this asks for {needed} more. "
        + $"They are counted anew in {RateLimitHeaders.Format(limit.Reset)}. Try again then, or ask the operator of this service to raise the limit.",
        "rate_limit_exceeded")
    {
        RetryAfter = limit.Reset,
    };

    /// <summary>More images than a limit has, so waiting does not help.</summary>
    public static ApiError NeverFits(UsageLimit limit, long images, string? param) => new(
        StatusCodes.Status400BadRequest,
        $"This asks for {images} images; expected at most {limit.Most}, because {Caller(limit, isFirst: false)} may draw {limit.Most} {Words(limit)} "
        + $"({limit.Name}). Ask for fewer images, or ask the operator of this service to raise the limit.",
        "more_than_rate_limit",
        param);

    private static string Caller(UsageLimit limit, bool isFirst = true)
    {
        var caller = limit.Owner.StartsWith(RateLimits.OfKey, StringComparison.Ordinal) ? "this key"
            : limit.Owner == CallerLimits.OwnerWithoutKey ? "the owner of jobs without a key"
            : "this address";
        return isFirst ? $"{char.ToUpperInvariant(caller[0])}{caller[1..]}" : caller;
    }

    private static string Words(UsageLimit limit) => limit.Name switch
    {
        nameof(SecurityOptions.RequestsPerMinute) => "requests per minute",
        nameof(SecurityOptions.ImagesPerMinute) => "images per minute",
        _ => "images per day",
    };
}
