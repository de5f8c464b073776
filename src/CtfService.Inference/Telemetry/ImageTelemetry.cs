using System.Diagnostics;
using CtfService.Core.Generation;

namespace CtfService.Inference.Telemetry;

/// <summary>
/// What is said of an image once it is finished: the time of each stage as histograms and, where its request is traced, as spans of the request. Times were taken on the worker;
/// everything here happens on the request's side, where the request's span is the current one, so that exemplars find their trace and the worker loses no time.
/// </summary>
internal static class ImageTelemetry
{
    /// <param name="index">Position of the image in the submission, from 0.</param>
    /// <param name="batch">The span of the batch that finished the image; null where there is none.</param>
    public static void Finished(InferenceMetrics metrics, int index, GeneratedImage image, DateTimeOffset enqueuedAt, TimeSpan queueTime, ActivityContext? batch)
    {
        using var whole = Tracing.StartChild("image", enqueuedAt);
        whole?.SetTag("ctf.image.index", index).SetTag("ctf.seed", $"{image.Specification.Seed}"); // a text: seeds go beyond the signed 64 bits of an attribute
        var time = enqueuedAt;
        using (Tracing.StartChild(StageNames.Queue, time)?.SetEndTime((time + queueTime).UtcDateTime))
        {
            metrics.ImageWaited(queueTime);
        }

        time += queueTime;
        foreach (var (stage, elapsed) in StageNames.Of(image))
        {
            using var span = Tracing.StartChild(stage, time, stage is StageNames.Fine or StageNames.VqDecode ? batch : null);
            metrics.StageEnded(stage, elapsed);
            time += elapsed;
            span?.SetEndTime(time.UtcDateTime);
        }

        whole?.SetEndTime(time.UtcDateTime);
    }
}
