using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Inference.Queue;

namespace CtfService.Api.Responses;

/// <summary>Enqueues a validated request and responds with its images: as JSON, as an image file, or as a stream of events. Thread-safe.</summary>
internal sealed class ImageResponder(ImageBodies bodies, ImageFileWriter files, ImageStreamWriter streams, CallerUsage usage)
{
    /// <param name="queue">The queue of the model that the request was checked against.</param>
    /// <exception cref="RequestRefusedException">
    /// The headers do not fit the request, or the caller may not ask for the priority or has too few images left.
    /// </exception>
    public async Task<IResult> RespondAsync(ValidatedImageRequest request, IInferenceQueue queue, HttpContext http)
    {
        var record = RequestRecord.Of(http);
        record?.Validated(request);
        CallerPriority.Require(http, request.Submission.Priority);
        if (request.IsStream)
        {
            RequireStream(http.Request);
            WriteWarnings(request, http.Response);
            return await streams.WriteAsync(request, queue, http);
        }

        var representation = ChooseRepresentation(request, http.Request);
        WriteWarnings(request, http.Response);
        if (ConditionalResponse.IsKnown(http, request, representation))
        {
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        await using var charge = await usage.DrawAsync(http, request.Images.Count);
        RequestRecord.Received();
        var events = queue.Enqueue(request.Submission with { Flow = CallerFlow.Of(http) }, http.RequestAborted);
        record?.Admitted();
        var results = await events.FinishedImagesAsync(request.Images.Count);
        record?.Generated(results);
        record?.Answering();
        Sending.Of(http)?.Holds(request.PictureBytes);
        IResult answer = representation.IsJson
            ? TypedResults.Ok(bodies.Images(http, request, results, representation.Format))
            : files.Write(http, request, results, representation.Format);
        charge.Delivered(results.Count);
        return answer;
    }

    private static void RequireStream(HttpRequest request)
    {
        // To replay a stream, the service would have to hold it back until it is complete.
        if (request.Headers.ContainsKey(CustomHeaders.IdempotencyKey))
        {
            throw RequestRefusedException.For(
                CustomHeaders.IdempotencyKey,
                "conflicting_fields",
                $"A stream cannot be replayed, so {CustomHeaders.IdempotencyKey} and stream: true cannot be combined. Leave one of them out.");
        }

        if (!Representation.TakesStream(request.Headers.Accept))
        {
            throw new RequestRefusedException(Representation.NotAcceptable($"{MediaTypes.EventStream} (from stream)"));
        }
    }

    private static Representation ChooseRepresentation(ValidatedImageRequest request, HttpRequest http)
    {
        if (request.IsFile)
        {
            return Representation.ChooseFile(http.Headers.Accept)
                ?? throw new RequestRefusedException(Representation.NotAcceptable(Representation.OfferedFiles));
        }

        var representation = Representation.Choose(http.Headers.Accept, request.AskedFormat)
            ?? throw new RequestRefusedException(Representation.NotAcceptable(Representation.Offered(request.AskedFormat)));
        if (!representation.IsJson && !request.Include.IsNothing)
        {
            throw RequestRefusedException.For(
                "include", "conflicting_fields", "include cannot be used with an image file. Leave it out, or send the header Accept: application/json.");
        }

        return representation;
    }

    private static void WriteWarnings(ValidatedImageRequest request, HttpResponse response)
    {
        if (request.Warnings.Count > 0)
        {
            response.Headers[CustomHeaders.Warnings] = string.Join(", ", request.Warnings.Select(warning => warning.Param).Distinct());
        }
    }
}
