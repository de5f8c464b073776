using System.Diagnostics;

namespace CtfService.Inference.Telemetry;

/// <summary>Spans of this program. Where a request is not traced, none is made and nothing is allocated.</summary>
public static class Tracing
{
    public const string SourceName = "CtfService";

    private static readonly ActivitySource Source = new(SourceName, ThisProgram.Version);

    /// <summary>What a request that is under way here is traced as; null where it is not.</summary>
    internal static ActivityContext? CurrentTrace => Activity.Current is { Recorded: true } current ? current.Context : null;

    /// <summary>A part of the current span, which becomes the current one until it is disposed; null where there is none or it is not recorded.</summary>
    /// <param name="startTime">Where it began earlier; now where it is left out.</param>
    /// <param name="link">A span of another request that this one shares work with.</param>
    public static Activity? StartChild(string name, DateTimeOffset startTime = default, ActivityContext? link = null) => Activity.Current is not { Recorded: true }
        ? null
        : Source.StartActivity(name, ActivityKind.Internal, parentContext: default, tags: null, link is { } other ? [new ActivityLink(other)] : null, startTime);

    /// <summary>A part of the current span that began with it and ends now.</summary>
    public static void RecordSinceStart(string name) => StartChild(name, Activity.Current?.StartTimeUtc ?? default)?.Dispose();

    /// <summary>
    /// The span of images that several requests finished together: part of the first one's trace, linked to all of them. Ends at once.
    /// </summary>
    /// <param name="requests">At least one.</param>
    internal static ActivityContext? RecordBatch(DateTimeOffset startTime, int images, IReadOnlyList<ActivityContext> requests)
    {
        using var batch = Source.StartActivity("batch", ActivityKind.Internal, requests[0], tags: null, requests.Select(request => new ActivityLink(request)), startTime);
        batch?.SetTag("ctf.batch.images", images);
        return batch?.Context;
    }
}
