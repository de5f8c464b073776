using CtfService.Api.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace CtfService.Api.Errors;

/// <summary>Words for answers that come from the framework as a bare status.</summary>
internal static class StatusErrors
{
    /// <summary>The body did not come in time.</summary>
    public static ApiError BodyTimeout(TimeSpan timeout) => new(
        StatusCodes.Status408RequestTimeout,
        $"The body was not received within {timeout.TotalSeconds:0.###} s, the limit in Limits:BodyTimeout. "
        + "Send it faster, send a smaller picture or raise the limit.",
        "body_timeout");

    /// <summary>Knows the address, and so what it takes or where else to go.</summary>
    public static ApiError Describe(HttpRequest request, int status) => status switch
    {
        StatusCodes.Status415UnsupportedMediaType when ImageRoutes.Of(request) == ImageRoutes.Variations => new ApiError(
            status,
            $"{Sent(request)}; this address takes a form with a picture. "
            + $"Send multipart/form-data with the picture as a file in the field image. For JSON use {ImageRoutes.Group}/{ImageRoutes.Generations}.",
            "unsupported_media_type"),
        StatusCodes.Status415UnsupportedMediaType => new ApiError(
            status,
            $"{Sent(request)}; this address takes JSON. Send Content-Type: application/json. "
            + $"Only {ImageRoutes.Group}/{ImageRoutes.Variations} takes multipart/form-data.",
            "unsupported_media_type"),
        StatusCodes.Status404NotFound when ApiPaths.Corrected(request.Path) is { } address => new ApiError(
            status, $"There is nothing at {request.Path}. Send the request to {address}; the base address of clients ends in /v1.", "unknown_route"),
        StatusCodes.Status404NotFound when request.Path.Equals("/v1/images/edits", StringComparison.OrdinalIgnoreCase) => new ApiError(
            status,
            "This service does not edit images by a mask. /v1/images/variations draws new details in the layout of a picture, "
            + "/v1/images/redetail in a layout that include: [\"layout\"] returned.",
            "unknown_route"),
        _ => Describe(status),
    };

    private static string Sent(HttpRequest request) =>
        string.IsNullOrEmpty(request.ContentType) ? "There is no Content-Type" : $"Content-Type is '{request.ContentType}'";

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
