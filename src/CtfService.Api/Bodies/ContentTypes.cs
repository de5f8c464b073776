using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Bodies;

/// <summary>
/// Merges a Content-Type that repeats one media type: a client for edge runtimes sends <c>multipart/form-data, multipart/form-data; boundary=x</c>.
/// Must precede routing, which chooses an endpoint by media type. Any other value stays unchanged, and gets 415 if no endpoint accepts it.
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

    /// <summary>Returns the one with the most parameters; null if the types differ.</summary>
    private static MediaTypeHeaderValue? Merge(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList([.. request.Headers.ContentType.OfType<string>()], out var types)
        && types.DistinctBy(type => type.MediaType.Value, StringComparer.OrdinalIgnoreCase).Count() == 1
            ? types.MaxBy(type => type.Parameters.Count)
            : null;

    /// <summary>Returns whether the Content-Type is this media type, with any parameters.</summary>
    public static bool Is(HttpRequest request, string mediaType) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && type.MediaType.Equals(mediaType, StringComparison.OrdinalIgnoreCase);
}
