using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Jobs.Files;
using CtfService.Jobs.Store;

namespace CtfService.Api.Batches.Requests;

/// <summary>Reads the picture files that requests of a batch contain or name. Thread-safe.</summary>
internal sealed class BatchPictures(IUploadCatalog catalog, IFileStore files, LimitsOptions limits)
{
    /// <summary>Longest body with a number of pictures, bytes: base64 takes four characters for three bytes.</summary>
    public int MaxBodyBytes(int pictures) => ((limits.MaxUploadBytes + 2) / 3 * 4 * pictures) + LimitsOptions.UploadMarginBytes;

    /// <summary>Returns the picture of a field that a request must have.</summary>
    /// <exception cref="RequestRefusedException">The field is absent.</exception>
    public static PictureReference Require(PictureReference? picture, string field) => picture ?? throw RequestRefusedException.For(
        field, "required", $"{field} is missing; expected {FieldTypes.Expected(typeof(PictureReference))}.");

    /// <summary>Returns the content of a picture file.</summary>
    /// <param name="field">The field that contains or names it.</param>
    /// <exception cref="RequestRefusedException">There is no such file, or it is too large.</exception>
    public async Task<byte[]> ReadAsync(PictureReference picture, string field, BatchScope scope, CancellationToken cancellation)
    {
        if (picture.FileId is not { } id)
        {
            RequireSize(picture.File!.Length, field);
            return picture.File;
        }

        var found = await catalog.FindAsync(scope.Tenant, id, cancellation) ?? throw NotFound(id, field);
        RequireSize(found.Bytes, field);
        await using var content = await files.OpenAsync(found.StoredName, offset: 0, length: null, cancellation) ?? throw NotFound(id, field);
        using var copy = new MemoryStream((int)found.Bytes);
        await content.CopyToAsync(copy, cancellation);
        return copy.ToArray();
    }

    private void RequireSize(long bytes, string field)
    {
        if (bytes > limits.MaxUploadBytes)
        {
            throw RequestRefusedException.For(
                field,
                "image_too_large",
                $"{field} has {bytes} bytes; expected at most {limits.MaxUploadBytes} (Limits:MaxUploadBytes). Send a smaller picture or raise the limit.");
        }
    }

    private static RequestRefusedException NotFound(string id, string field) => RequestRefusedException.For(
        field,
        "file_not_found",
        $"{field} names the file '{id}', which does not exist, has expired or belongs to another key. Upload it with POST /v1/files.");
}
