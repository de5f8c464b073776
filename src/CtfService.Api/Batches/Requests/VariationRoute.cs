using CtfService.Api.Contracts;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Batches.Requests;

/// <summary><c>/v1/images/variations</c> in a batch: the form's fields as JSON, the picture as base64 or as an uploaded file.</summary>
internal sealed class VariationRoute(JsonBody json, VaryImageRequestValidator validator, PictureReader reader, BatchPictures pictures) : IBatchRoute
{
    public string Path => $"{ImageRoutes.Group}/{ImageRoutes.Variations}";

    public int MaxBodyBytes => pictures.MaxBodyBytes(pictures: 1);

    public string MaxBodySetting => "Limits:MaxUploadBytes, as base64";

    public Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation)
    {
        var asked = json.Read<VaryImageLine>(body);
        var image = BatchPictures.Require(asked.Image, PictureReader.Picture);
        return validator.ValidateAsync(
            asked with { Seed = asked.Seed ?? seed },
            asked.ClassLabel,
            StringValues.Empty,
            scope.Model,
            () => scope.LayoutAsync(image.FileId, () => ReadLayoutAsync(image, scope, cancellation)));
    }

    private async Task<LayoutSource> ReadLayoutAsync(PictureReference image, BatchScope scope, CancellationToken cancellation)
    {
        var file = await pictures.ReadAsync(image, PictureReader.Picture, scope, cancellation);
        return await reader.ReadVariationAsync(() => new MemoryStream(file, writable: false), scope.Model, cancellation);
    }
}
