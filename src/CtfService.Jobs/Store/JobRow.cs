using System.Text.Json;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>A row of the table of jobs.</summary>
internal sealed class JobRow
{
    /// <summary>Reads the columns under the names of the properties.</summary>
    public const string Select =
        """
        select id, kind, tenant, weight, specification, state, outcome, total, done, failed, images, open_shards as OpenShards, created, started, finalizing,
            ended, cancel_requested as CancelRequested, expires, result, errors, webhook, trace_parent as TraceParent
        from jobs
        """;

    /// <summary>One object, so that two reads of an unchanged row are equal.</summary>
    private static readonly IReadOnlyList<JobError> NoErrors = [];

    public required string Id { get; init; }

    public required string Kind { get; init; }

    public required string Tenant { get; init; }

    public required long Weight { get; init; }

    public required string Specification { get; init; }

    public required string State { get; init; }

    public string? Outcome { get; init; }

    public long Total { get; init; }

    public long Done { get; init; }

    public long Failed { get; init; }

    public long Images { get; init; }

    public long OpenShards { get; init; }

    public long Created { get; init; }

    public long? Started { get; init; }

    public long? Finalizing { get; init; }

    public long? Ended { get; init; }

    public long? CancelRequested { get; init; }

    public long Expires { get; init; }

    public string? Result { get; init; }

    public string? Errors { get; init; }

    public string? Webhook { get; init; }

    public string? TraceParent { get; init; }

    public Job ToJob() => new()
    {
        Id = Id,
        Kind = Kind,
        Tenant = Tenant,
        Weight = (int)Weight,
        Specification = Specification,
        State = StateNames.ToJobState(State),
        Total = Total,
        Done = Done,
        Failed = Failed,
        Images = Images,
        CreatedAt = Timestamp.Of(Created),
        StartedAt = Timestamp.Of(Started),
        FinalizingAt = Timestamp.Of(Finalizing),
        EndedAt = Timestamp.Of(Ended),
        CancelRequestedAt = Timestamp.Of(CancelRequested),
        ExpiresAt = Timestamp.Of(Expires),
        Result = Result,
        Errors = Errors is null ? NoErrors : JsonSerializer.Deserialize<List<JobError>>(Errors)!,
        Webhook = Webhook,
        TraceParent = TraceParent,
    };
}
