using Microsoft.AspNetCore.WebUtilities;

namespace CtfService.Api.Errors;

/// <summary>Words for answers that come from the framework as a bare status.</summary>
internal static class StatusErrors
{
    /// <summary>The body did not come in time.</summary>
    public static ApiError BodyTimeout(TimeSpan timeout) => new(
        StatusCodes.Status408RequestTimeout, $"The body was not received within {timeout.TotalSeconds:0.###} s, the limit in Limits:BodyTimeout. Send it faster, send a smaller picture or raise the limit.", "body_timeout");

    public static ApiError Describe(int status) => status switch
    {
        StatusCodes.Status400BadRequest => new ApiError(status, "The request has no readable body. Send a JSON object.", "malformed_request"),
        StatusCodes.Status404NotFound => new ApiError(status, "There is nothing at this address. /swagger lists every route.", "unknown_route"),
        StatusCodes.Status405MethodNotAllowed => new ApiError(status, "This address does not take this method; the Allow header names those it takes.", "method_not_allowed"),
        StatusCodes.Status408RequestTimeout => new ApiError(status, "The body came too slowly. Send it faster.", "body_timeout"),
        StatusCodes.Status413PayloadTooLarge => new ApiError(status, "The request body is larger than Limits:MaxRequestBodyBytes allows. Send less or raise the limit.", "body_too_large"),
        StatusCodes.Status415UnsupportedMediaType => new ApiError(status, "The body is of a type that this address does not take. Send Content-Type: application/json; only /v1/images/variations takes multipart/form-data.", "unsupported_media_type"),
        _ => new ApiError(status, $"{ReasonPhrases.GetReasonPhrase(status)}.", "http_error"),
    };
}
