using CtfService.Api.Bodies;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Responses;

/// <summary>
/// Responds with server-sent events while images are drawn. The response starts with its first event: an error before it is an HTTP status, an error after
/// it is an event that ends the stream. A slow reader delays no other request: unsent events wait in the queue's channel, within the limits of
/// <see cref="Sending"/>. Thread-safe.
/// </summary>
internal sealed class ImageStreamWriter(
    ImageBodies bodies, ErrorDescriber errors, CallerUsage usage, InferenceMetrics metrics, TimeProvider clock, IOptions<JsonOptions> json)
{
    public async Task<IResult> WriteAsync(ValidatedImageRequest request, IInferenceQueue queue, HttpContext http)
    {
        var format = request.AskedFormat ?? ImageFormat.Png;
        await using var charge = await usage.DrawAsync(http, request.Images.Count);
        RequestRecord.Received();
        var events = queue.Enqueue(request.Submission with { Flow = CallerFlow.Of(http) }, http.RequestAborted);
        Sending.Of(http)?.Holds(request.PictureBytes);
        var record = RequestRecord.Of(http);
        record?.Admitted();
        var finished = new List<InferenceEvent.Finished>();
        var isFirstPreview = true;
        var stream = new EventStream(http, json.Value.SerializerOptions);
        try
        {
            await foreach (var seen in events)
            {
                charge.Delivered(seen is InferenceEvent.Finished ? 1 : 0);
                await SendAsync(stream, http, seen, request, format);
                MarkFirstPreview(seen, record, ref isFirstPreview);
                finished.AddRange(seen is InferenceEvent.Finished image ? [image] : []);
            }

            record?.Generated(finished);
            await stream.EndAsync();
        }
        catch (Exception error) when (http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            var described = errors.Describe(http, error);
            ErrorWriter.Report(http, described);
            await stream.SendAsync(EventStream.Error, described.ToResponse());
        }

        return TypedResults.Empty;
    }

    private void MarkFirstPreview(InferenceEvent seen, RequestRecord? record, ref bool isFirst)
    {
        if (isFirst && record is not null && seen is InferenceEvent.Previewed)
        {
            metrics.FirstPreviewSent(clock.GetElapsedTime(record.ArrivedAt));
            isFirst = false;
        }
    }

    private Task SendAsync(EventStream stream, HttpContext http, InferenceEvent seen, ValidatedImageRequest request, ImageFormat format) => seen switch
    {
        InferenceEvent.Previewed previewed => stream.SendAsync(request.EventNames.Partial, bodies.Partial(request, previewed, format)),
        InferenceEvent.Finished finished => stream.SendAsync(request.EventNames.Completed, bodies.Completed(http, request, finished, format)),
        _ => throw new InvalidOperationException($"Unknown event {seen}."),
    };
}
