using System.Diagnostics;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry;

/// <summary>
/// Counts, logs and traces each image request once, however it ends. The outermost middleware, so that it sees the responses of error handling,
/// authentication and rate limits.
/// </summary>
internal sealed partial class RequestTelemetry(
    RequestDelegate next, RequestMetrics metrics, IModelStatus status, TimeProvider clock, ILogger<RequestTelemetry> logger)
{
    public Task InvokeAsync(HttpContext http) => ImageRoutes.Of(http.Request) is { } route ? WatchAsync(http, route) : next(http);

    private async Task WatchAsync(HttpContext http, string route)
    {
        var record = new RequestRecord(route, clock.GetTimestamp());
        http.Features.Set(record);
        metrics.Received(route);
        var reason = EndReason.Internal; // an exception that nothing caught
        try
        {
            await next(http);
            reason = Reason(http, record);
        }
        finally
        {
            record.Ended();
            var elapsed = clock.GetElapsedTime(record.ArrivedAt);
            metrics.Ended(route, reason, record.Request?.Model.Name, elapsed);
            Describe(Activity.Current, record, reason);
            LogEnded(http, record, reason, elapsed);
        }
    }

    /// <summary>A client that hangs up after all images are finished has used the service: the request counts as completed.</summary>
    private EndReason Reason(HttpContext http, RequestRecord record)
    {
        if (record.WasReadTooSlowly)
        {
            return EndReason.SlowReader;
        }

        if (http.Features.Get<ApiError>() is { } error) // set by ErrorWriter
        {
            return EndReason.Of(error, record.IsAdmitted, isStopping: status.Current is ModelStatus.Stopping);
        }

        if (http.Response.StatusCode == StatusCodes.Status304NotModified)
        {
            return EndReason.NotModified;
        }

        if (http.Response.Headers.ContainsKey(CustomHeaders.IdempotentReplayed))
        {
            return EndReason.Replayed;
        }

        return record.Results is null && (record.HasHungUp || http.RequestAborted.IsCancellationRequested) ? EndReason.HangUp
            : http.Response.StatusCode < StatusCodes.Status400BadRequest ? EndReason.Ok
            : EndReason.Of(StatusErrors.Describe(http.Response.StatusCode), record.IsAdmitted, isStopping: false);
    }

    private static void Describe(Activity? span, RequestRecord record, EndReason reason)
    {
        if (span is not { IsAllDataRequested: true })
        {
            return;
        }

        span.SetTag("ctf.route", record.Route).SetTag("ctf.outcome", reason.Outcome).SetTag("ctf.reason", reason.Name);
        if (record.Request is { } request)
        {
            span.SetTag("gen_ai.request.model", request.Model.Name)
                .SetTag("ctf.class", request.Class?.Name)
                .SetTag("ctf.seed", $"{request.Seed}")
                .SetTag("ctf.images", request.Images.Count);
        }
    }

    private void LogEnded(HttpContext http, RequestRecord record, EndReason reason, TimeSpan elapsed)
    {
        if (!logger.IsEnabled(LogLevel.Information))
        {
            return;
        }

        var results = record.Results ?? [];
        Log.Ended(
            logger,
            http.TraceIdentifier,
            record.Route,
            reason.Outcome,
            reason.Name,
            http.Response.StatusCode,
            record.Request?.Class?.Name,
            record.Request?.Seed,
            record.Request?.Images.Count,
            Milliseconds(elapsed),
            Longest(results, result => result.QueueTime),
            Longest(results, result => result.Image.Timings.Coarse),
            Longest(results, result => result.Image.Timings.Fine),
            Longest(results, result => result.Image.Timings.VqDecode),
            Milliseconds(record.EncodeTime));
    }

    private static double Longest(IReadOnlyList<InferenceEvent.Finished> results, Func<InferenceEvent.Finished, TimeSpan> stage) =>
        results.Count == 0 ? 0 : Milliseconds(results.Max(stage));

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);

    private static partial class Log
    {
        [LoggerMessage(
            EventIds.ImageRequestEnded,
            LogLevel.Information,
            "{RequestId} {Route}: {Outcome} ({Reason}), {Status}; class {ClassLabel}, seed {Seed}, {Images} "
            + "image(s); {TotalMs} ms, of which queue {QueueMs}, coarse {CoarseMs}, fine {FineMs}, VQ decode {VqDecodeMs}, encode {EncodeMs}")]
        public static partial void Ended(
            ILogger logger,
            string requestId,
            string route,
            string outcome,
            string reason,
            int status,
            string? classLabel,
            ulong? seed,
            int? images,
            double totalMs,
            double queueMs,
            double coarseMs,
            double fineMs,
            double vqDecodeMs,
            double encodeMs);
    }
}
