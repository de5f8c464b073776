using System.Security.Cryptography;
using System.Text.Json;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
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

/// <summary>Computes the ETag of a response: the same ETag means the same images.</summary>
internal static class ResponseETag
{
    /// <summary>Identifies the build, because two builds of one version may compute differently.</summary>
    private static Guid Build { get; } = typeof(ImageCodec).Module.ModuleVersionId;

    /// <summary>
    /// Hashes everything that determines the images: program and build, encoder, model, arithmetic, every parameter, representation. The ETag is strong for an
    /// image file, which is the same byte for byte. It is weak for JSON, which also contains times, and on CUDA, where rounding depends on the batch.
    /// </summary>
    public static EntityTagHeaderValue Of(ValidatedImageRequest request, Representation representation)
    {
        var model = request.Model;
        var inputs = new
        {
            ImageProvenance.ThisSoftware,
            Build,
            ImageCodec.Library,
            model.BundleHash,
            model.Device,
            model.Dtype,
            model.Arithmetic,
            request.Images, // class, seed and sampling of each image
            Layout = Layout(request.Images[0].Layout), // the same for all images
            request.Include,
            request.HasLinks,
            request.Quality,
            representation,
        };
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(inputs));
        return new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash)}\"", isWeak: representation.IsJson || model.Device == "cuda");
    }

    private static object? Layout(LayoutSource layout) => layout switch
    {
        LayoutSource.Given given => new { given.CoarseLabels, given.KeptTokens },
        LayoutSource.Encoded encoded => SHA256.HashData(encoded.Picture.Pixels),
        LayoutSource.Edited edited => new
        {
            Picture = SHA256.HashData(edited.Picture.Pixels),
            Mask = edited.Mask.ToRuns(),
            edited.Candidates,
        },
        _ => null,
    };
}
