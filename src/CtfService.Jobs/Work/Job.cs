namespace CtfService.Jobs.Work;

/// <summary>A job as its row describes it.</summary>
public sealed record Job
{
    /// <summary>Unique, such as <c>batch_...</c>; unguessable.</summary>
    public required string Id { get; init; }

    /// <summary>Selects the <see cref="IJobHandler"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Owner of the job: the name of an API key; empty without keys.</summary>
    public required string Tenant { get; init; }

    /// <summary>Share of the owner relative to other owners, 1 to 1000.</summary>
    public required int Weight { get; init; }

    /// <summary>What to do: JSON that the handler reads. Never changes.</summary>
    public required string Specification { get; init; }

    public required JobState State { get; init; }

    /// <summary>Number of items (requests or images); 0 until the job is validated.</summary>
    public long Total { get; init; }

    /// <summary>Number of items that succeeded.</summary>
    public long Done { get; init; }

    /// <summary>Number of items that failed, those of shards that were given up included.</summary>
    public long Failed { get; init; }

    /// <summary>Number of images that the job asks for; until it is validated, <see cref="NewJob.Images"/>.</summary>
    public long Images { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinalizingAt { get; init; }

    /// <summary>When the job reached its final state.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? CancelRequestedAt { get; init; }

    /// <summary>When unfinished work is no longer started.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>JSON of the handler, from <see cref="IJobHandler.FinishAsync"/>, such as the names of the output files; null before.</summary>
    public string? Result { get; init; }

    /// <summary>Reasons why the job failed; empty if it did not.</summary>
    public IReadOnlyList<JobError> Errors { get; init; } = [];

    /// <summary>
    /// True if an attempt at some of its work failed, and the work is tried again. Only <see cref="IJobService.FindAsync"/> and
    /// <see cref="IJobService.WatchAsync"/> look for it.
    /// </summary>
    public bool IsHeldUp { get; init; }

    /// <summary>Address that is told when the job has ended; null for none.</summary>
    public string? Webhook { get; init; }

    /// <summary>Trace context of the request that created the job (W3C traceparent); null if it was not traced.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>A job to create.</summary>
/// <param name="Lifetime">Time from creation after which unfinished work is no longer started.</param>
public sealed record NewJob(string Id, string Kind, string Tenant, int Weight, string Specification, TimeSpan Lifetime)
{
    /// <summary>Number of images that the job asks for, so that quotas count them at once; 0 if that is not known before it is validated.</summary>
    public long Images { get; init; }

    public string? Webhook { get; init; }

    public string? TraceParent { get; init; }

    /// <summary>
    /// Throws to refuse the job; null if nothing does. Called with what the owner has not finished, in the transaction that creates the job, so that jobs which
    /// are created at the same time in several processes cannot exceed a limit together.
    /// </summary>
    public Action<UnfinishedWork>? Admit { get; init; }
}

/// <summary>A reason why a job was refused or failed.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Line">Line of the input, from 1; null if the error concerns no single line.</param>
/// <param name="Param">Field with the problem; null if there is none.</param>
public sealed record JobError(string Code, string Message, long? Line = null, string? Param = null);
