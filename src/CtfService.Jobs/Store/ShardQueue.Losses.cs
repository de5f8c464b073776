using CtfService.Jobs.Databases;

namespace CtfService.Jobs.Store;

/// <summary>Work whose worker has disappeared.</summary>
internal sealed partial class ShardQueue
{
    private const string Cause = "The process that worked on it disappeared.";

    /// <summary>Losses from which work is given up if it stands out: the other work of the job together has lost fewer than twice as many processes.</summary>
    private const int SuspiciousLosses = 5;

    /// <summary>Losses from which work is given up in any case: several shards may end their processes in turn.</summary>
    private const int MaxLosses = 20;

    private bool _hasTakenOver;

    /// <summary>
    /// Returns work whose lease has run out to the queue, and gives up what was lost too often. Without other processes, the first call takes all work:
    /// it belonged to an earlier start of this process. Returns the work that this process, and no other, took from a lost one.
    /// </summary>
    public async Task<IReadOnlyList<LostWork>> RecoverAsync(CancellationToken cancellation)
    {
        var all = database.IsShared || _hasTakenOver ? 0 : 1;
        var lost = await database.RunAsync(
            session => session.ListAsync<(string Job, long Number)>(
                "select job, number from shards where state = 'running' and (@all = 1 or lease_until < @Now)", new { all, session.Now }),
            cancellation).ConfigureAwait(false);
        var recovered = new List<LostWork>();
        foreach (var (job, number) in lost)
        {
            if (await database.RunAsync(session => RecoverAsync(session, job, number, all), cancellation).ConfigureAwait(false) is { } work)
            {
                recovered.Add(work);
                signals.Changed(job);
            }
        }

        _hasTakenOver = true;
        return recovered;
    }

    private static async Task<LostWork?> RecoverAsync(Session session, string id, long number, int all)
    {
        if (await session.LockAsync(id).ConfigureAwait(false) is not { } job
            || await session.ExecuteAsync(
                """
                update shards set state = 'done', owner = null, lease_until = null, attempts = attempts - 1, losses = losses + 1
                where job = @id and number = @number and state = 'running' and (@all = 1 or lease_until < @Now)
                """,
                new { id, number, all, session.Now }).ConfigureAwait(false) == 0)
        {
            return null;
        }

        var row = (await session.FirstAsync<ShardRow>($"{ShardRow.Select} where job = @id and number = @number", new { id, number }).ConfigureAwait(false))!;
        var isGivenUp = await EndsItsProcessAsync(session, id, row).ConfigureAwait(false);
        await RetryOrGiveUpAsync(session, job, row.ToShard(), Cause, isGivenUp ? null : TimeSpan.Zero).ConfigureAwait(false);
        await session.AnnounceAsync(id).ConfigureAwait(false);
        return new LostWork(id, number, (int)row.Losses, isGivenUp);
    }

    /// <summary>
    /// Tells work that ends its processes from work whose processes are killed. The second is far more common, so a loss does not count as an attempt; but it
    /// hits all work alike.
    /// </summary>
    private static async Task<bool> EndsItsProcessAsync(Session session, string job, ShardRow row) => row.Losses >= MaxLosses
        || (row.Losses >= SuspiciousLosses
            && await session.FirstAsync<long>(
                "select cast(coalesce(sum(losses), 0) as bigint) from shards where job = @job and number <> @Number", new { job, row.Number })
                .ConfigureAwait(false) < 2 * row.Losses);
}

/// <summary>Work whose process disappeared.</summary>
/// <param name="Number">Number of the shard; negative for the preparation, above all shards for the finish.</param>
/// <param name="Losses">Number of processes that disappeared while they worked on it.</param>
/// <param name="IsGivenUp">True if it is not tried again.</param>
internal sealed record LostWork(string Job, long Number, int Losses, bool IsGivenUp);
