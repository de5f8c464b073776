using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Http;

/// <summary>
/// Makes one media type of a Content-Type that says the same one several times: a client for edge runtimes sends <c>multipart/form-data, multipart/form-data;
/// boundary=x</c>. Must come before routing, which chooses by media type. Anything else stays as it is, and is refused later as a type that no endpoint
/// takes.
/// </summary>
internal static class ContentTypes
{
    public static void UseSingleContentTypes(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        var request = context.Request;
        if (request.ContentType is { } sent && !MediaTypeHeaderValue.TryParse(sent, out _) && Merge(request) is { } merged)
        {
            request.ContentType = merged.ToString();
        }

        return next(context);
    });

    /// <summary>The one with the most parameters; null if they are of several types.</summary>
    private static MediaTypeHeaderValue? Merge(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList([.. request.Headers.ContentType.OfType<string>()], out var types)
        && types.DistinctBy(type => type.MediaType.Value, StringComparer.OrdinalIgnoreCase).Count() == 1
            ? types.MaxBy(type => type.Parameters.Count)
            : null;

    /// <summary>Whether the header names this media type, with any parameters.</summary>
    public static bool Is(HttpRequest request, string mediaType) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase);
}
