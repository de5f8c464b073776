using CtfService.Api.Contracts;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Batches.Requests;

/// <summary><c>/v1/images/edits</c> in a batch: the form's fields as JSON, picture and mask as base64 or as uploaded files.</summary>
internal sealed class EditRoute(JsonBody json, EditImageRequestValidator validator, PictureReader reader, BatchPictures pictures) : IBatchRoute
{
    public string Path => $"{ImageRoutes.Group}/{ImageRoutes.Edits}";

    public int MaxBodyBytes => pictures.MaxBodyBytes(pictures: 2);

    public string MaxBodySetting => "twice Limits:MaxUploadBytes, as base64";

    public async Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation)
    {
        var asked = json.Read<EditImageLine>(body);
        var image = BatchPictures.Require(asked.Image, PictureReader.Picture);
        var names = image.FileId is { } id && asked.Mask?.File is null ? $"{id} {asked.Mask?.FileId}" : null;
        var request = await validator.ValidateAsync(
            asked with { Seed = asked.Seed ?? seed },
            asked.ClassLabel,
            StringValues.Empty,
            scope.Model,
            () => scope.LayoutAsync(names, () => ReadLayoutAsync(image, asked.Mask, scope, cancellation)));
        return GenerationRoute.WithoutStream(request);
    }

    private async Task<LayoutSource.Edited> ReadLayoutAsync(PictureReference image, PictureReference? mask, BatchScope scope, CancellationToken cancellation)
    {
        var picture = await pictures.ReadAsync(image, PictureReader.Picture, scope, cancellation);
        var maskFile = mask is null ? null : await pictures.ReadAsync(mask, PictureReader.Mask, scope, cancellation);
        return await reader.ReadEditAsync(
            () => new MemoryStream(picture, writable: false),
            maskFile is null ? null : () => new MemoryStream(maskFile, writable: false),
            scope.Model,
            cancellation);
    }
}
