using System.Security.Cryptography;
using System.Text.Json;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>The name of an answer: the same name, the same images.</summary>
internal static class ResponseETag
{
    /// <summary>Two builds of one version may sample or compute differently.</summary>
    private static Guid Build { get; } = typeof(ImageCodec).Module.ModuleVersionId;

    /// <summary>
    /// A hash of all that decides the answer: program and build, encoder, model, how it computes and rounds, every parameter, representation. Strong for an
    /// image, which is the same byte for byte; weak for JSON, which also says when it was made and how long that took, and for CUDA, which rounds by what
    /// runs beside an image.
    /// </summary>
    public static EntityTagHeaderValue Of(ValidatedImageRequest request, Representation representation)
    {
        var model = request.Model;
        var decisive = new
        {
            ImageProvenance.ThisSoftware,
            Build,
            ImageCodec.Library,
            model.BundleHash,
            model.Device,
            model.Dtype,
            model.Arithmetic,
            request.Images, // class, seed and sampling of each
            Layout = Layout(request.Images[0].Layout), // all have the same
            request.Include,
            request.HasLinks,
            request.Quality,
            representation,
        };
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(decisive));
        return new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(hash)}\"", isWeak: representation.IsJson || model.Device == "cuda");
    }

    private static object? Layout(LayoutSource layout) => layout switch
    {
        LayoutSource.Given given => given.CoarseLabels,
        LayoutSource.Encoded encoded => SHA256.HashData(encoded.Picture.Pixels),
        _ => null,
    };
}
