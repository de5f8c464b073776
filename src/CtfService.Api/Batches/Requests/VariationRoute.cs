using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Batches.Requests;

/// <summary><c>/v1/images/variations</c> in a batch: the form's fields as JSON, the picture as base64 or as an uploaded file.</summary>
internal sealed class VariationRoute(
    JsonBody json, VaryImageRequestValidator validator, PictureReader pictures, IUploadCatalog catalog, IFileStore files, LimitsOptions limits) : IBatchRoute
{
    private const string Picture = "image";

    public string Path => $"{ImageRoutes.Group}/{ImageRoutes.Variations}";

    /// <summary>Base64 takes four characters for three bytes.</summary>
    public int MaxBodyBytes => ((limits.MaxUploadBytes + 2) / 3 * 4) + LimitsOptions.UploadMarginBytes;

    public string MaxBodySetting => "Limits:MaxUploadBytes, as base64";

    public Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation)
    {
        var asked = json.Read<VaryImageLine>(body);
        var image = asked.Image ?? throw RequestRefusedException.For(
            Picture, "required", $"{Picture} is missing; expected {FieldTypes.Expected(typeof(PictureReference))}.");
        return validator.ValidateAsync(asked with { Seed = asked.Seed ?? seed }, asked.ClassLabel, StringValues.Empty, scope.Model, () => image.FileId is { } id
            ? scope.PictureAsync(id, () => ReadFileAsync(id, scope, cancellation))
            : DecodeAsync(image.File!, scope, cancellation));
    }

    private async Task<RgbImage> ReadFileAsync(string id, BatchScope scope, CancellationToken cancellation)
    {
        var found = await catalog.FindAsync(scope.Tenant, id, cancellation) ?? throw NotFound(id);
        RequireSize(found.Bytes);
        await using var content = await files.OpenAsync(found.StoredName, offset: 0, length: null, cancellation) ?? throw NotFound(id);
        using var copy = new MemoryStream((int)found.Bytes);
        await content.CopyToAsync(copy, cancellation);
        return await DecodeAsync(copy.ToArray(), scope, cancellation);
    }

    private Task<RgbImage> DecodeAsync(byte[] file, BatchScope scope, CancellationToken cancellation)
    {
        RequireSize(file.Length);
        return pictures.ReadAsync(() => new MemoryStream(file, writable: false), scope.Model, cancellation);
    }

    private void RequireSize(long bytes)
    {
        if (bytes > limits.MaxUploadBytes)
        {
            throw RequestRefusedException.For(
                Picture,
                "image_too_large",
                $"{Picture} has {bytes} bytes; expected at most {limits.MaxUploadBytes} (Limits:MaxUploadBytes). Send a smaller picture or raise the limit.");
        }
    }

    private static RequestRefusedException NotFound(string id) => RequestRefusedException.For(
        Picture,
        "file_not_found",
        $"{Picture} names the file '{id}', which does not exist, has expired or belongs to another key. Upload it with POST /v1/files.");
}
