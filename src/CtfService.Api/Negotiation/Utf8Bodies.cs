using CtfService.Api.Errors;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Negotiation;

/// <summary>
/// JSON is UTF-8 (RFC 8259, 8.1). Left to itself the framework meets a charset that it does not know, or one in quotes, with an unexpected error.
/// </summary>
internal static class Utf8Bodies
{
    private const string Utf8 = "utf-8";

    internal static readonly ApiError WrongCharset = new(
        StatusCodes.Status415UnsupportedMediaType,
        "The body must be UTF-8. Send the header Content-Type without a charset, or with charset=utf-8.",
        "unsupported_charset");

    public static void UseUtf8Bodies(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        // What is no media type at all is refused later, as one that nobody takes.
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || !type.Charset.HasValue)
        {
            return next(context);
        }

        if (!HeaderUtilities.RemoveQuotes(type.Charset).Equals(Utf8, StringComparison.OrdinalIgnoreCase))
        {
            return context.RequestServices.GetRequiredService<ErrorWriter>().WriteAsync(context, WrongCharset);
        }

        type.Charset = Utf8;
        context.Request.ContentType = type.ToString();
        return next(context);
    });
}
