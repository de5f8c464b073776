using CtfService.Jobs.Databases;

namespace CtfService.Jobs.Store;

/// <summary>Work whose worker has disappeared.</summary>
internal sealed partial class ShardQueue
{
    private const string Cause = "The process that worked on it disappeared.";

    /// <summary>
    /// The work is rarely why a process disappeared, so a loss does not count as an attempt. Work that loses this many processes may end them: it is given up.
    /// </summary>
    private const int MaxLosses = 5;

    private bool _hasTakenOver;

    /// <summary>
    /// Returns work whose lease has run out to the queue, and gives up what was lost too often. Without other processes, the first call takes all work:
    /// it belonged to an earlier start of this process. Returns how many pieces of work there were.
    /// </summary>
    public async Task<int> RecoverAsync(CancellationToken cancellation)
    {
        var all = database.IsShared || _hasTakenOver ? 0 : 1;
        var lost = await database.RunAsync(
            session => session.ListAsync<(string Job, long Number)>(
                "select job, number from shards where state = 'running' and (@all = 1 or lease_until < @Now)", new { all, session.Now }),
            cancellation).ConfigureAwait(false);
        foreach (var (job, number) in lost)
        {
            await database.RunAsync(session => RecoverAsync(session, job, number, all), cancellation).ConfigureAwait(false);
            signals.Changed(job);
        }

        _hasTakenOver = true;
        return lost.Count;
    }

    private static async Task<bool> RecoverAsync(Session session, string id, long number, int all)
    {
        if (await session.LockAsync(id).ConfigureAwait(false) is not { } job
            || await session.ExecuteAsync(
                """
                update shards set state = 'done', owner = null, lease_until = null, attempts = attempts - 1, losses = losses + 1
                where job = @id and number = @number and state = 'running' and (@all = 1 or lease_until < @Now)
                """,
                new { id, number, all, session.Now }).ConfigureAwait(false) == 0)
        {
            return false;
        }

        var row = (await session.FirstAsync<ShardRow>($"{ShardRow.Select} where job = @id and number = @number", new { id, number }).ConfigureAwait(false))!;
        await RetryOrGiveUpAsync(session, job, row.ToShard(), Cause, row.Losses < MaxLosses ? TimeSpan.Zero : null).ConfigureAwait(false);
        await session.AnnounceAsync(id).ConfigureAwait(false);
        return true;
    }
}
