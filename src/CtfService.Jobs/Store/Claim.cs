using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>A piece of work that a worker holds until it ends it or its lease runs out.</summary>
/// <param name="Job">As it was when the work was claimed.</param>
/// <param name="Number">How often the work was claimed, this time included.</param>
internal sealed record Claim(Job Job, Shard Shard, long Number, string Worker)
{
    public Phase Phase => Shard.Number switch
    {
        (int)ShardRow.Preparation => Phase.Preparation,
        (int)ShardRow.Finish => Phase.Finish,
        _ => Phase.Shard,
    };

    public ClaimKey Key => new(Job.Id, Shard.Number, Number);
}

/// <summary>Tells a claim from all others, later ones of the same work included.</summary>
internal readonly record struct ClaimKey(string Job, long Shard, long Number);

internal enum Phase
{
    Preparation,
    Shard,
    Finish,
}

/// <summary>Answer to a worker that asks for work.</summary>
/// <param name="Claim">Null if there is none for it now.</param>
/// <param name="MustRunAlone">True if the next work must run alone: the worker asks again when it has nothing else.</param>
internal readonly record struct ClaimAnswer(Claim? Claim, bool MustRunAlone);

/// <summary>Answer to a heartbeat about a claim that the worker still holds.</summary>
/// <param name="MustStop">True if the job was cancelled or has expired.</param>
internal readonly record struct Renewal(ClaimKey Key, bool MustStop);
