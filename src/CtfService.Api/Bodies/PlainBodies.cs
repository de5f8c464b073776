using CtfService.Api.Errors;
using CtfService.Api.Http;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Bodies;

/// <summary>
/// Bodies are read as they come: uncompressed, and JSON as UTF-8 (RFC 8259, 8.1). Left to itself the framework calls compressed bytes wrong JSON and wrong
/// bytes a wrong type, and fails on a charset that it does not know.
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
        $"Content-Encoding '{encoding}' is not supported; expected a body as it is. Send it uncompressed, without the header Content-Encoding.",
        "unsupported_encoding");

    /// <summary>Found in the bytes, without a header that says so.</summary>
    internal static readonly ApiError Gzipped = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body is compressed with gzip; expected JSON as it is. Send it uncompressed.",
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

    /// <summary>Null if the body can be read. Takes quotes away from the charset, which the framework does not expect.</summary>
    private static ApiError? Problem(HttpRequest request)
    {
        if (string.Join(", ", request.Headers.ContentEncoding.OfType<string>()) is { Length: > 0 } encoding
            && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return Encoded(encoding);
        }

        // What is not a media type at all is refused later, as one that no endpoint takes.
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
