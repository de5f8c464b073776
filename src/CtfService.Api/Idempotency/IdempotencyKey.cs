using System.Diagnostics.CodeAnalysis;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;

namespace CtfService.Api.Idempotency;

/// <summary>Key of a stored response: an idempotency key is valid only for the caller that chose it.</summary>
/// <param name="Caller">Name of the caller (<see cref="RateLimits.Caller"/>): the API key or, without one, the address.</param>
/// <param name="Key">1 to 255 visible ASCII characters.</param>
internal sealed record IdempotencyKey(string Caller, string Key)
{
    /// <summary>Group that shares memory: each API key, and all callers without one, because addresses are cheap.</summary>
    public string Group => Caller.StartsWith(RateLimits.OfAddress, StringComparison.Ordinal) ? RateLimits.OfAddress : Caller;

    public const int MaxLength = 255;

    /// <summary>Reads the header, which must be present.</summary>
    public static bool TryRead(HttpContext http, [NotNullWhen(true)] out IdempotencyKey? key, [NotNullWhen(false)] out ApiError? error)
    {
        var values = http.Request.Headers[CustomHeaders.IdempotencyKey];
        var value = values.Count == 1 ? values[0] ?? "" : "";
        if (values.Count == 1 && value.Length is >= 1 and <= MaxLength && value.All(letter => letter is > ' ' and <= '~'))
        {
            (key, error) = (new IdempotencyKey(RateLimits.Caller(http), value), null);
            return true;
        }

        var given = values.Count == 1 ? $"has {value.Length} characters, or some that are not allowed" : $"occurs {values.Count} times";
        (key, error) = (null, new ApiError(
            StatusCodes.Status400BadRequest,
            $"The header {CustomHeaders.IdempotencyKey} {given}; "
            + $"expected one value of 1 to {MaxLength} visible ASCII characters without spaces. A random UUID is a good key.",
            "invalid_idempotency_key",
            CustomHeaders.IdempotencyKey));
        return false;
    }
}
