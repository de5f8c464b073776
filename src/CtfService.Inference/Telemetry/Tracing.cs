using System.Diagnostics;

namespace CtfService.Inference.Telemetry;

/// <summary>Creates the spans of this program. If a request is not traced, no span is created and nothing is allocated.</summary>
public static class Tracing
{
    public const string SourceName = "CtfService";

    private static readonly ActivitySource Source = new(SourceName, ThisProgram.Version);

    /// <summary>The trace context of the current request; null if it is not traced.</summary>
    internal static ActivityContext? CurrentTrace => Activity.Current is { Recorded: true } current ? current.Context : null;

    /// <summary>
    /// Starts a child of the current span, which is current until disposed. Returns null if there is no current span or it is not recorded.
    /// </summary>
    /// <param name="startTime">Start time, if it began earlier; by default, now.</param>
    /// <param name="link">A span of another request that shares work with this one.</param>
    public static Activity? StartChild(string name, DateTimeOffset startTime = default, ActivityContext? link = null) =>
        Activity.Current is not { Recorded: true }
            ? null
            : Source.StartActivity(
                name, ActivityKind.Internal, parentContext: default, tags: null, link is { } other ? [new ActivityLink(other)] : null, startTime);

    /// <summary>Records a child of the current span that started with it and ends now.</summary>
    public static void RecordSinceStart(string name) => StartChild(name, Activity.Current?.StartTimeUtc ?? default)?.Dispose();

    /// <summary>Records the span of a batch that finished images of several requests: a child of the first request, linked to all of them.</summary>
    /// <param name="requests">At least one.</param>
    internal static ActivityContext? RecordBatch(DateTimeOffset startTime, int images, IReadOnlyList<ActivityContext> requests)
    {
        using var batch = Source.StartActivity(
            "batch", ActivityKind.Internal, requests[0], tags: null, requests.Select(request => new ActivityLink(request)), startTime);
        batch?.SetTag("ctf.batch.images", images);
        return batch?.Context;
    }
}
