using System.Globalization;
using CtfService.Api.Contracts;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;

namespace CtfService.Api.Errors;

/// <summary>Describes responses that the framework sends as a status without a body.</summary>
internal static class StatusErrors
{
    private const string FormRoutes = $"{ImageRoutes.Group}/{ImageRoutes.Edits}, {ImageRoutes.Group}/{ImageRoutes.Variations} and {FileRoutes.Group}";

    /// <summary>Creates the error for a body that was not received in time.</summary>
    /// <param name="setting">The setting that defines the limit.</param>
    public static ApiError BodyTimeout(TimeSpan timeout, string setting) => new(
        StatusCodes.Status408RequestTimeout,
        $"The body was not received within {timeout.TotalSeconds:0.###} s ({setting}). Use a faster connection, send a smaller file, or raise the limit.",
        "body_timeout");

    /// <summary>Describes a status with the help of the request's path, which shows what the endpoint accepts or which endpoint was meant.</summary>
    public static ApiError Describe(HttpRequest request, int status) => status switch
    {
        StatusCodes.Status400BadRequest when WrongNumber(request) is { } error => error,
        StatusCodes.Status415UnsupportedMediaType when ImageRoutes.Of(request) == ImageRoutes.Variations => new ApiError(
            status,
            $"{Sent(request)}; this endpoint expects multipart/form-data. "
            + $"Send the picture as a file in the form field image. For JSON, use {ImageRoutes.Group}/{ImageRoutes.Generations}.",
            "unsupported_media_type"),
        StatusCodes.Status415UnsupportedMediaType when ImageRoutes.Of(request) == ImageRoutes.Edits => new ApiError(
            status,
            $"{Sent(request)}; this endpoint expects multipart/form-data. "
            + "Send the picture as a file in the form field image, and the mask as a file in the form field mask.",
            "unsupported_media_type"),
        StatusCodes.Status415UnsupportedMediaType when FileRoutes.IsUpload(request) => new ApiError(
            status,
            $"{Sent(request)}; this endpoint expects multipart/form-data. Send the content as a file in the form field file, and the field purpose.",
            "unsupported_media_type"),
        StatusCodes.Status415UnsupportedMediaType => new ApiError(
            status,
            $"{Sent(request)}; this endpoint expects JSON. Send Content-Type: application/json. "
            + $"Only {FormRoutes} accept multipart/form-data.",
            "unsupported_media_type"),
        StatusCodes.Status404NotFound when ApiPaths.Corrected(request.Path) is { } address => new ApiError(
            status, $"No endpoint at {request.Path}. Send the request to {address}; set the client's base URL to end in /v1.", "unknown_route"),
        _ => Describe(status),
    };

    /// <summary>Describes a query's number that the endpoint could not read, which it answers with a status alone; null if there is none.</summary>
    private static ApiError? WrongNumber(HttpRequest request)
    {
        foreach (var parameter in request.HttpContext.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
        {
            var value = request.Query[parameter.Name].ToString();
            var expected = parameter.ParameterInfo.ParameterType switch
            {
                var type when type == typeof(int?) && !int.TryParse(value, CultureInfo.InvariantCulture, out _) => "an integer",
                var type when type == typeof(ulong?) && !ulong.TryParse(value, CultureInfo.InvariantCulture, out _) => "an integer from 0 to 2^64-1",
                _ => null,
            };
            if (value.Length > 0 && expected is not null)
            {
                return WrongNumber(parameter.Name, value, expected);
            }
        }

        return null;
    }

    /// <summary>Creates the error for a number in a query.</summary>
    /// <param name="expected">What the parameter takes.</param>
    public static ApiError WrongNumber(string parameter, string value, string expected) =>
        new(StatusCodes.Status400BadRequest, $"{parameter} is '{value}'; expected {expected}.", "wrong_type", parameter);

    private static string Sent(HttpRequest request) =>
        string.IsNullOrEmpty(request.ContentType) ? "The Content-Type is missing" : $"Content-Type is '{request.ContentType}'";

    public static ApiError Describe(int status) => status switch
    {
        StatusCodes.Status400BadRequest => new ApiError(status, "The request body is missing or unreadable. Send a JSON object.", "malformed_request"),
        StatusCodes.Status404NotFound => new ApiError(status, "No such endpoint. /swagger lists every endpoint.", "unknown_route"),
        StatusCodes.Status405MethodNotAllowed => new ApiError(
            status, "This endpoint does not support the method; the Allow header lists the supported ones.", "method_not_allowed"),
        StatusCodes.Status408RequestTimeout => new ApiError(status, "The body was not received in time. Use a faster connection.", "body_timeout"),
        StatusCodes.Status413PayloadTooLarge => new ApiError(
            status, "The request body is larger than Limits:MaxRequestBodyBytes. Send a smaller body or raise the limit.", "body_too_large"),
        StatusCodes.Status415UnsupportedMediaType => new ApiError(
            status,
            $"Unsupported Content-Type. Send Content-Type: application/json; only {FormRoutes} accept multipart/form-data.",
            "unsupported_media_type"),
        StatusCodes.Status412PreconditionFailed => new ApiError(
            status, "The file is not the one that If-Match or If-Unmodified-Since names. Download it without these headers.", "precondition_failed"),
        StatusCodes.Status416RangeNotSatisfiable => new ApiError(
            status,
            "The header Range asks for bytes behind the end of the file; the header Content-Range of this response has its length.",
            "range_not_satisfiable",
            "Range"),
        _ => new ApiError(status, $"{ReasonPhrases.GetReasonPhrase(status)}.", "http_error"),
    };
}
