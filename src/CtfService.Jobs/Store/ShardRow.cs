using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>A row of the table of shards, which is the queue: the preparation of a job and its finish are rows like its shards.</summary>
internal sealed class ShardRow
{
    /// <summary>Number of the row whose work is <see cref="IJobHandler.PrepareAsync"/>.</summary>
    public const long Preparation = -1;

    /// <summary>Number of the row whose work is <see cref="IJobHandler.FinishAsync"/>.</summary>
    public const long Finish = int.MaxValue;

    /// <summary>Reads the columns under the names of the properties.</summary>
    public const string Select = "select number, first_item as FirstItem, items, state, claims, attempts, losses, done, failed, error from shards";

    public required long Number { get; init; }

    public long FirstItem { get; init; }

    public long Items { get; init; }

    public required string State { get; init; }

    public long Claims { get; init; }

    public long Attempts { get; init; }

    /// <summary>Claims whose worker disappeared, which are no attempts. Such a shard runs alone: it takes no other down, and none is blamed for it.</summary>
    public long Losses { get; init; }

    public long Done { get; init; }

    public long Failed { get; init; }

    public string? Error { get; init; }

    public Shard ToShard() => new((int)Number, FirstItem, (int)Items)
    {
        State = StateNames.ToShardState(State),
        Attempts = (int)Attempts,
        Done = (int)Done,
        Failed = (int)Failed,
        Error = Error,
    };
}
