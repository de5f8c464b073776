using System.Text;
using System.Text.Json;
using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Telemetry;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Responses;

/// <summary>
/// Responds with server-sent events while images are drawn. The response starts with its first event: an error before it is an HTTP status, an error after
/// it is an event that ends the stream. A slow reader delays no other request: unsent events wait in the queue's channel, within the limits of
/// <see cref="Sending"/>. Thread-safe.
/// </summary>
internal sealed class ImageStreamWriter(ImageBodies bodies, ErrorDescriber errors, InferenceMetrics metrics, TimeProvider clock, IOptions<JsonOptions> json)
{
    private const string Error = "error";

    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    public async Task<IResult> WriteAsync(ValidatedImageRequest request, IInferenceQueue queue, HttpContext http)
    {
        var format = request.AskedFormat ?? ImageFormat.Png;
        RequestRecord.Received();
        var events = queue.Enqueue(request.Submission, http.RequestAborted);
        Sending.Of(http)?.Holds(request.PictureBytes);
        var record = RequestRecord.Of(http);
        record?.Admitted();
        var finished = new List<InferenceEvent.Finished>();
        var isFirstPreview = true;
        try
        {
            await foreach (var seen in events)
            {
                await SendAsync(http, seen, request, format);
                MarkFirstPreview(seen, record, ref isFirstPreview);
                finished.AddRange(seen is InferenceEvent.Finished image ? [image] : []);
            }

            record?.Generated(finished);
            await http.Response.Body.WriteAsync(Done, http.RequestAborted);
        }
        catch (Exception error) when (http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            var described = errors.Describe(http, error);
            ErrorWriter.Report(http, described);
            await SendAsync(http, Error, described.ToResponse());
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

    private Task SendAsync(HttpContext http, InferenceEvent seen, ValidatedImageRequest request, ImageFormat format) => seen switch
    {
        InferenceEvent.Previewed previewed => SendAsync(http, PartialImageEvent.Name, bodies.Partial(request, previewed, format)),
        InferenceEvent.Finished finished => SendAsync(http, CompletedImageEvent.Name, bodies.Completed(http, request, finished, format)),
        _ => throw new InvalidOperationException($"Unknown event {seen}."),
    };

    private async Task SendAsync<T>(HttpContext http, string name, T content)
    {
        Begin(http);
        var sending = Sending.Of(http);
        sending?.Begin();
        var line = JsonSerializer.SerializeToUtf8Bytes(content, json.Value.SerializerOptions); // one line, as the format requires
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"event: {name}\ndata: "), http.RequestAborted);
        await http.Response.Body.WriteAsync(line, http.RequestAborted);
        await http.Response.Body.WriteAsync("\n\n"u8.ToArray(), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        sending?.End();
    }

    /// <summary>Turns off buffering and caching on the way to the caller.</summary>
    private static void Begin(HttpContext http)
    {
        if (http.Response.HasStarted)
        {
            return;
        }

        http.Response.ContentType = MediaTypes.EventStream;
        http.Response.Headers.CacheControl = "no-cache, no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
