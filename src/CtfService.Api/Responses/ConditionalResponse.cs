using CtfService.Api.Validation;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>
/// Lets a caller cache the images of a seed and revalidate them without generating them again. With a seed, the POST changes nothing and always has the same
/// result, so a match gets 304 as for GET, not 412 (docs/provenance.md).
/// </summary>
internal static class ConditionalResponse
{
    /// <summary>Sets the headers for caching: Vary, Cache-Control and ETag.</summary>
    /// <returns>Whether the caller has the response already, so that it gets 304.</returns>
    public static bool IsKnown(HttpContext http, ValidatedImageRequest request, Representation representation)
    {
        var headers = http.Response.GetTypedHeaders();
        headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (!request.IsRepeatable)
        {
            headers.CacheControl = new CacheControlHeaderValue { NoStore = true };
            return false;
        }

        var tag = ResponseETag.Of(request, representation);
        headers.ETag = tag;
        headers.CacheControl = new CacheControlHeaderValue { Private = true, NoCache = true }; // cache and revalidate: another model may be loaded
        return http.Request.GetTypedHeaders().IfNoneMatch
            .Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
    }
}
