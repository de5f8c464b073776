using System.Diagnostics;
using CtfService.Core.Generation;

namespace CtfService.Inference.Telemetry;

/// <summary>
/// Records a finished image: the time of each stage as histograms and, if its request is traced, as spans. The worker measures the times; they are recorded
/// by the thread of the request, where its span is current, so that exemplars link to the trace and the worker loses no time.
/// </summary>
internal static class ImageTelemetry
{
    /// <param name="index">Position of the image in the submission, from 0.</param>
    /// <param name="device">Name of the device that generated it.</param>
    /// <param name="batch">The span of the batch that finished the image; null if there is none.</param>
    public static void Finished(
        InferenceMetrics metrics, int index, GeneratedImage image, DateTimeOffset enqueuedAt, TimeSpan queueTime, string device, ActivityContext? batch)
    {
        using var whole = Tracing.StartChild("image", enqueuedAt);
        whole?.SetTag("ctf.image.index", index)
            .SetTag("ctf.seed", $"{image.Specification.Seed}"); // a string, because seeds exceed the signed 64 bits of an attribute
        if (image.DecodeSteps > 0)
        {
            whole?.SetTag("ctf.image.decode_steps", image.DecodeSteps);
        }

        var time = enqueuedAt;
        using (Tracing.StartChild(StageNames.Queue, time)?.SetEndTime((time + queueTime).UtcDateTime))
        {
            metrics.ImageWaited(queueTime);
        }

        time += queueTime;
        foreach (var (stage, elapsed) in StagesOf(image))
        {
            using var span = Tracing.StartChild(stage, time, stage is StageNames.Fine or StageNames.VqDecode ? batch : null);
            metrics.StageEnded(stage, elapsed, device);
            time += elapsed;
            span?.SetEndTime(time.UtcDateTime);
        }

        whole?.SetEndTime(time.UtcDateTime);
    }

    /// <summary>Returns the stages that an image went through in the generator, in order.</summary>
    private static IEnumerable<(string Name, TimeSpan Elapsed)> StagesOf(GeneratedImage image)
    {
        var (layout, timings) = (image.Specification.Layout, image.Timings);
        if (layout is not LayoutSource.Given)
        {
            yield return (layout is LayoutSource.Encoded ? StageNames.VqEncode : StageNames.Coarse, timings.Coarse);
        }

        if (timings.Fine > TimeSpan.Zero)
        {
            yield return (StageNames.Fine, timings.Fine);
        }

        yield return (StageNames.VqDecode, timings.VqDecode);
    }
}
