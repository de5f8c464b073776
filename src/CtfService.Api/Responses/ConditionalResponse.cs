using CtfService.Api.Validation;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>
/// Lets a caller keep the images of a seed and ask whether they are still right, which costs no generating. The request is a POST for its body's sake only: with
/// a seed it changes nothing and always means the same, so a match is answered 304 as for GET, not 412 (docs/provenance.md).
/// </summary>
internal static class ConditionalResponse
{
    /// <summary>Says in the headers how long the answer may be kept, and what its name is.</summary>
    /// <returns>True where the caller has the answer: 304.</returns>
    public static bool IsKnown(HttpContext http, ValidatedImageRequest request, Representation representation)
    {
        var answer = http.Response.GetTypedHeaders();
        answer.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (!request.IsRepeatable)
        {
            answer.CacheControl = new CacheControlHeaderValue { NoStore = true };
            return false;
        }

        var tag = ResponseETag.Of(request, representation);
        answer.ETag = tag;
        answer.CacheControl = new CacheControlHeaderValue { Private = true, NoCache = true }; // keep it and ask: another model may be loaded
        return http.Request.GetTypedHeaders().IfNoneMatch
            .Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
    }
}
