using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using Microsoft.AspNetCore.Http.Features;

namespace CtfService.Api.Bodies;

/// <summary>Validates the form of an upload: a well-formed multipart body within the limits that contains only known fields. Thread-safe.</summary>
internal sealed class UploadReader(LimitsOptions limits)
{
    private const int MostFields = 64;

    /// <param name="files">The number of files that the upload may have.</param>
    /// <param name="param">The file that is too large, or may be.</param>
    public static RequestRefusedException TooLarge(LimitsOptions limits, int files = 1, string param = PictureReader.Picture) => new(new ApiError(
        StatusCodes.Status413PayloadTooLarge,
        $"The upload is larger than {(files == 1 ? "" : $"{files} files of ")}{limits.MaxUploadBytes} bytes, the limit in Limits:MaxUploadBytes. "
        + "Send a smaller picture or raise the limit.",
        "body_too_large",
        param));

    public static RequestRefusedException Malformed(Exception damaged) => RequestRefusedException.For(
        param: null,
        "malformed_form",
        $"The body is not a complete multipart/form-data form within the limits: {damaged.Message.TrimEnd('.')}. "
        + "Let the client library write the form and its Content-Type.");

    /// <summary>Reads the upload that <see cref="UploadMiddleware"/> has received; the files are not copied.</summary>
    /// <exception cref="RequestRefusedException">The body is not a valid form.</exception>
    public async Task<TRequest> ReadAsync<TRequest>(HttpRequest request, UploadForm<TRequest> form)
    {
        if (!ContentTypes.Is(request, MediaTypes.Form))
        {
            throw new RequestRefusedException(StatusErrors.Describe(request, StatusCodes.Status415UnsupportedMediaType));
        }

        var problems = new RequestProblems();
        var fields = new FormFields(await ReadFormAsync(request, form.Files.Count), limits, problems);
        fields.RequireKnown(form.Fields, form.Lists, form.Files);
        var read = form.Read(fields);
        problems.ThrowIfAny();
        return read;
    }

    private async Task<IFormCollection> ReadFormAsync(HttpRequest request, int files)
    {
        var options = new FormOptions
        {
            MultipartBodyLengthLimit = limits.MaxUploadBodyBytes(files),
            ValueLengthLimit = LimitsOptions.UploadMarginBytes,
            ValueCountLimit = MostFields,
        };
        try
        {
            return await request.ReadFormAsync(options, request.HttpContext.RequestAborted);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException)
        {
            throw Malformed(damaged);
        }
    }
}
