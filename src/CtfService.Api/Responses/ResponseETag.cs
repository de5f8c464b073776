using System.Security.Cryptography;
using System.Text.Json;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

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
        LayoutSource.Given given => given.CoarseLabels,
        LayoutSource.Encoded encoded => SHA256.HashData(encoded.Picture.Pixels),
        _ => null,
    };
}
