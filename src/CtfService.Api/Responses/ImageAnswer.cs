using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Http;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Inference.Queue;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Responses;

/// <summary>From a checked request to its answer, in the form that the caller takes. Thread-safe.</summary>
internal sealed class ImageAnswer(ImageResponder responder, ImageStream stream)
{
    /// <param name="queue">Of the model that the request was checked against.</param>
    public async Task<IResult> AnswerAsync(ValidatedImageRequest request, IInferenceQueue queue, HttpContext http)
    {
        var record = RequestRecord.Of(http);
        record?.Validated(request);
        if (request.Warnings.Count > 0)
        {
            http.Response.Headers[CustomHeaders.Warnings] = string.Join(", ", request.Warnings.Select(warning => warning.Param).Distinct());
        }

        var accept = http.Request.Headers.Accept;
        if (request.Previews is not null)
        {
            if (http.Request.Headers.ContainsKey(CustomHeaders.IdempotencyKey))
            {
                return Refuse(http, NotStreamed);
            }

            return Representation.TakesStream(accept) ? await stream.WriteAsync(request, queue, http) : Refuse(http, NotAcceptable($"{MediaTypes.EventStream} (from stream)"));
        }

        if (Representation.Choose(accept, request.AskedFormat) is not { } representation)
        {
            var images = request.AskedFormat is { } asked ? $"{ImageFormats.MediaType(asked)} (from output_format)" : string.Join(", ", ImageFormats.All.Select(ImageFormats.MediaType));
            return Refuse(http, NotAcceptable($"application/json, {images}"));
        }

        if (!representation.IsJson && !request.Include.IsNothing)
        {
            return Refuse(http, new ApiError(
                StatusCodes.Status400BadRequest, "include has no place in an image file. Leave it out, or send the header Accept: application/json.", "conflicting_fields", "include"));
        }

        if (ConditionalResponse.IsKnown(http, request, representation))
        {
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        RequestRecord.Received();
        var events = queue.Enqueue(new ImageSubmission(request.Images, request.Deadline), http.RequestAborted);
        record?.Admitted();
        var results = await events.ResultsAsync(request.Images.Count);
        record?.Generated(results);
        record?.Answering();
        Sending.Of(http)?.Holds(request.PictureBytes);
        return representation.IsJson
            ? responder.Json(http, request, results, representation.Format)
            : responder.File(http, request, results, representation.Format);
    }

    public static JsonHttpResult<ErrorResponse> Refuse(HttpContext http, ApiError error)
    {
        ReportedError.Set(http, error);
        return TypedResults.Json(error.ToResponse(), statusCode: error.Status);
    }

    /// <summary>A stream is sent as it comes about; to answer it again it would have to be held back until it is whole.</summary>
    private static ApiError NotStreamed { get; } = new(
        StatusCodes.Status400BadRequest, $"A stream cannot be answered again, so {CustomHeaders.IdempotencyKey} and stream: true do not go together. Leave one of them out.", "conflicting_fields", CustomHeaders.IdempotencyKey);

    internal static ApiError NotAcceptable(string ours) => new(
        StatusCodes.Status406NotAcceptable, $"The Accept header takes none of {ours}. Name one of them or leave the header out.", "not_acceptable");
}
