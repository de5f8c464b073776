using CtfService.Api.Errors;
using CtfService.Core.Generation;

namespace CtfService.Api.Security;

/// <summary>Which priorities a caller may ask for.</summary>
internal static class CallerPriority
{
    internal static ApiError HighNotAllowed { get; } = new(
        StatusCodes.Status403Forbidden,
        "priority is 'high', which this caller may not ask for; expected interactive or batch. Leave priority out, or send a key that is marked "
        + "MayRequestHighPriority; the operator of this service marks keys in Security:ApiKeys, or with may_request_high_priority in POST /v1/admin/keys.",
        "high_priority_not_allowed",
        "priority");

    /// <exception cref="RequestRefusedException">The caller may not ask for the priority.</exception>
    public static void Require(HttpContext http, ImagePriority asked)
    {
        if (asked == ImagePriority.High && CallerKey.Of(http) is not { MayRequestHighPriority: true })
        {
            throw new RequestRefusedException(HighNotAllowed);
        }
    }
}
