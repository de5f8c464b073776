namespace CtfService.Jobs.Work;

/// <summary>A part of a job: a contiguous range of its items, a few seconds of work.</summary>
/// <param name="Number">From 0.</param>
/// <param name="First">Index of its first item in the job.</param>
/// <param name="Count">Number of items.</param>
public sealed record Shard(int Number, long First, int Count)
{
    public ShardState State { get; init; }

    /// <summary>Number of attempts that have started, the current one included.</summary>
    public int Attempts { get; init; }

    /// <summary>Items that succeeded; 0 until the shard has ended.</summary>
    public int Done { get; init; }

    /// <summary>Items that failed.</summary>
    public int Failed { get; init; }

    /// <summary>Cause of the last failed attempt; null if there was none.</summary>
    public string? Error { get; init; }
}

public enum ShardState
{
    Ready,
    Running,
    Done,

    /// <summary>Given up after the last attempt; all its items count as failed.</summary>
    Failed,

    /// <summary>Never run, because the job was cancelled or expired before.</summary>
    Skipped,
}

/// <summary>How many items of a shard succeeded and failed; together all of them.</summary>
public sealed record ShardResult(int Done, int Failed);
