using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Bodies;

/// <summary>
/// Requires uncompressed bodies, and JSON in UTF-8 (RFC 8259, 8.1). By itself, the framework reports compressed bodies as invalid JSON and invalid bytes as
/// a wrong type, and fails on an unknown charset.
/// </summary>
internal static class PlainBodies
{
    private const string Utf8 = "utf-8";

    internal static readonly ApiError WrongCharset = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body must be UTF-8. Send the header Content-Type without a charset, or with charset=utf-8.",
        "unsupported_charset");

    internal static ApiError Encoded(string encoding) => new(
        StatusCodes.Status415UnsupportedMediaType,
        $"Content-Encoding '{encoding}' is not supported; expected an uncompressed body. Send it without the header Content-Encoding.",
        "unsupported_encoding");

    /// <summary>Error for gzip data without a Content-Encoding header.</summary>
    internal static readonly ApiError Gzipped = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body is compressed with gzip; expected uncompressed JSON. Send it uncompressed.",
        "unsupported_encoding");

    public static void UsePlainBodies(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (Problem(context.Request) is { } problem)
        {
            context.Response.Headers.AcceptEncoding = "identity"; // RFC 9110, 15.5.16
            return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, problem);
        }

        if (ContentTypes.Is(context.Request, MediaTypes.Json))
        {
            context.Request.Body = new Utf8Body(context.Request.Body);
        }

        return next(context);
    });

    /// <summary>Returns null if the body can be read. Removes quotes from the charset, which the framework does not expect.</summary>
    private static ApiError? Problem(HttpRequest request)
    {
        if (string.Join(", ", request.Headers.ContentEncoding.OfType<string>()) is { Length: > 0 } encoding
            && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return Encoded(encoding);
        }

        // A malformed media type is refused later, because no endpoint accepts it.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.Charset.HasValue)
        {
            return null;
        }

        if (!HeaderUtilities.RemoveQuotes(type.Charset).Equals(Utf8, StringComparison.OrdinalIgnoreCase))
        {
            return WrongCharset;
        }

        type.Charset = Utf8;
        request.ContentType = type.ToString();
        return null;
    }
}
