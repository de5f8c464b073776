using System.Text.Json;
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

    private const string Picture = "image";

    private const string Include = "include";

    /// <summary>Fields in the order of the record, its own first.</summary>
    private static readonly string[] Fields =
        [.. typeof(VaryImageRequest).GetProperties().Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name))];

    public static RequestRefusedException TooLarge(LimitsOptions limits) => new(new ApiError(
        StatusCodes.Status413PayloadTooLarge,
        $"The upload is larger than {limits.MaxUploadBytes} bytes, the limit in Limits:MaxUploadBytes. Send a smaller picture or raise the limit.",
        "body_too_large",
        Picture));

    public static RequestRefusedException Malformed(Exception damaged) => RequestRefusedException.For(
        param: null,
        "malformed_form",
        $"The body is not a complete multipart/form-data form within the limits: {damaged.Message.TrimEnd('.')}. "
        + "Let the client library write the form and its Content-Type.");

    /// <summary>Reads the upload that <see cref="UploadMiddleware"/> has received; the picture is not copied.</summary>
    /// <exception cref="RequestRefusedException">The body is not a valid form.</exception>
    public async Task<VaryImageRequest> ReadAsync(HttpRequest request)
    {
        if (!ContentTypes.Is(request, MediaTypes.Form))
        {
            throw new RequestRefusedException(StatusErrors.Describe(request, StatusCodes.Status415UnsupportedMediaType));
        }

        var form = await ReadFormAsync(request);
        var problems = new RequestProblems();
        var read = Read(form, new FormFields(form, problems), problems);
        problems.ThrowIfAny();
        return read;
    }

    private async Task<IFormCollection> ReadFormAsync(HttpRequest request)
    {
        var options = new FormOptions
        {
            MultipartBodyLengthLimit = limits.MaxUploadBodyBytes,
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

    private VaryImageRequest Read(IFormCollection form, FormFields fields, RequestProblems problems)
    {
        fields.RequireKnown(Fields, lists: [Include], file: Picture);
        return new VaryImageRequest
        {
            Image = ChooseFile(form, problems),
            ClassLabel = fields.Text("class_label"),
            N = fields.Integer("n"),
            Seed = fields.Unsigned("seed"),
            FineTemperature = fields.Number("fine_temperature"),
            FineTopK = fields.Integer("fine_top_k"),
            FineTopP = fields.Number("fine_top_p"),
            FineGuidanceScale = fields.Number("fine_guidance_scale"),
            Model = fields.Text("model"),
            OutputFormat = fields.Text("output_format"),
            OutputCompression = fields.Integer("output_compression"),
            ResponseFormat = fields.Text("response_format"),
            Include = fields.List(Include),
            TimeoutMs = fields.Integer("timeout_ms"),
            Priority = fields.Text("priority"),
            Size = fields.Text("size"),
            User = fields.Text("user"),
        };
    }

    private IFormFile ChooseFile(IFormCollection form, RequestProblems problems)
    {
        var files = form.Files.GetFiles(Picture);
        if (files.Count != 1 || form.ContainsKey(Picture))
        {
            var found = form.ContainsKey(Picture) ? "a text field, which has no file name," : $"{files.Count} files";
            problems.Add(
                Picture, files.Count == 0 ? "required" : "duplicate_field", $"The form has {found} for {Picture}; expected one PNG, JPEG or WebP file.");
            return new FormFile(Stream.Null, 0, 0, Picture, "");
        }

        return files[0].Length <= limits.MaxUploadBytes ? files[0] : throw TooLarge(limits);
    }
}
