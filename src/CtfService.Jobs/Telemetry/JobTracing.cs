using System.Diagnostics;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Telemetry;

/// <summary>Creates the span of each piece of work: a trace of its own, linked to the request that created the job.</summary>
internal static class JobTracing
{
    /// <summary>The source of all spans of this program, also of those that other projects create.</summary>
    private const string SourceName = "CtfService";

    private static readonly ActivitySource Source = new(SourceName);

    /// <param name="name"><c>job.prepare</c>, <c>job.shard</c> or <c>job.finish</c>.</param>
    /// <returns>Null if nobody collects spans.</returns>
    public static Activity? Start(string name, Job job, Shard shard)
    {
        ActivityLink[] links = ActivityContext.TryParse(job.TraceParent, traceState: null, isRemote: true, out var request) ? [new ActivityLink(request)] : [];
        return Source.StartActivity(name, ActivityKind.Consumer, parentContext: default, tags: null, links)
            ?.SetTag("ctf.job.id", job.Id)
            .SetTag("ctf.job.kind", job.Kind)
            .SetTag("ctf.shard.number", shard.Number)
            .SetTag("ctf.shard.attempt", shard.Attempts)
            .SetTag("ctf.shard.items", shard.Count);
    }
}
