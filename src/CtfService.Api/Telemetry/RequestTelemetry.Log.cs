using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry;

internal sealed partial class RequestTelemetry
{
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
            + "image(s); {TotalMs} ms, of them queue {QueueMs}, coarse {CoarseMs}, fine {FineMs}, VQ decode {VqDecodeMs}, encode {EncodeMs}")]
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
