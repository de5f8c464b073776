using System.Diagnostics.CodeAnalysis;
using CtfService.Api.Errors;
using CtfService.Api.Http;
using CtfService.Api.Security;

namespace CtfService.Api.Idempotency;

/// <summary>What an answer is remembered under: a key means something only to the caller who made it up.</summary>
/// <param name="Caller">As <see cref="RateLimits.Caller"/> names it: the API key, or without one the address.</param>
/// <param name="Key">1..255 visible ASCII letters.</param>
internal sealed record IdempotencyKey(string Caller, string Key)
{
    /// <summary>Who shares memory as one: each API key, and everybody without one, as addresses are cheap.</summary>
    public string Group => Caller.StartsWith(RateLimits.OfAddress, StringComparison.Ordinal) ? RateLimits.OfAddress : Caller;

    public const int MaxLength = 255;

    /// <summary>Reads the header, which must be there.</summary>
    public static bool TryRead(HttpContext http, [NotNullWhen(true)] out IdempotencyKey? key, [NotNullWhen(false)] out ApiError? error)
    {
        var values = http.Request.Headers[CustomHeaders.IdempotencyKey];
        var value = values.Count == 1 ? values[0] ?? "" : "";
        if (values.Count == 1 && value.Length is >= 1 and <= MaxLength && value.All(letter => letter is > ' ' and <= '~'))
        {
            (key, error) = (new IdempotencyKey(RateLimits.Caller(http), value), null);
            return true;
        }

        var given = values.Count == 1 ? $"has {value.Length} characters, or some that are not allowed" : $"stands {values.Count} times";
        (key, error) = (null, new ApiError(
            StatusCodes.Status400BadRequest,
            $"The header {CustomHeaders.IdempotencyKey} {given}; expected once 1 to {MaxLength} visible ASCII characters without spaces. A random UUID is a good key.",
            "invalid_idempotency_key",
            CustomHeaders.IdempotencyKey));
        return false;
    }
}
