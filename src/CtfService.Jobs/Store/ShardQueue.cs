using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>The queue of all work: workers claim it with a lease, renew the lease and end the work. What ends is counted in the same transaction.</summary>
internal sealed partial class ShardQueue(IDatabase database, JobSignals signals, JobsOptions options)
{
    /// <summary>Another worker may take the chosen work first; then the choice is repeated.</summary>
    private const int Choices = 10;

    /// <summary>Claims the work whose turn it is.</summary>
    /// <param name="worker">Unique for each start of a process.</param>
    /// <param name="kinds">Kinds of jobs that the worker handles, each between commas, such as <c>,batch,dataset,</c>.</param>
    /// <param name="isIdle">True if the worker has no other work.</param>
    public Task<ClaimAnswer> ClaimAsync(string worker, string kinds, bool isIdle, CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            for (var choice = 0; choice < Choices; choice++)
            {
                if (await FairTurns.NextAsync(session, kinds).ConfigureAwait(false) is not { } id)
                {
                    break;
                }

                if (await session.LockAsync(id).ConfigureAwait(false) is not { } job
                    || await NextShardAsync(session, id).ConfigureAwait(false) is not { } shard)
                {
                    continue;
                }

                return shard.Losses > 0 && !isIdle
                    ? new ClaimAnswer(null, MustRunAlone: true)
                    : new ClaimAnswer(await StartAsync(session, job, shard, worker).ConfigureAwait(false), MustRunAlone: shard.Losses > 0);
            }

            return default;
        },
        cancellation);

    /// <summary>Returns the work that a worker holds. Anything else that it runs is lost to another worker.</summary>
    /// <param name="extend">
    /// The work whose leases are extended. Not all that the worker holds: a claim whose answer was lost with the connection is held, but nobody works on it.
    /// </param>
    public Task<List<Renewal>> RenewAsync(string worker, IReadOnlyCollection<ClaimKey> extend, CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            var until = session.Now + Timestamp.Milliseconds(options.Lease);
            foreach (var (job, shard, number) in extend)
            {
                await session.ExecuteAsync(
                    """
                    update shards set lease_until = @until
                    where job = @job and number = @shard and claims = @number and owner = @worker and state = 'running'
                    """,
                    new { worker, until, job, shard, number }).ConfigureAwait(false);
            }

            var held = await session.ListAsync<(string Job, long Shard, long Claim, string? Outcome)>(
                "select s.job, s.number, s.claims, j.outcome from shards s join jobs j on j.id = s.job where s.owner = @worker and s.state = 'running'",
                new { worker }).ConfigureAwait(false);
            return held.ConvertAll(row => new Renewal(
                new ClaimKey(row.Job, row.Shard, row.Claim), MustStop: row.Outcome is not null && row.Shard != ShardRow.Finish));
        },
        cancellation);

    /// <summary>Returns all shards of a job, in order.</summary>
    public async Task<IReadOnlyList<Shard>> ShardsAsync(string job, CancellationToken cancellation)
    {
        var rows = await database.RunAsync(
            session => session.ListAsync<ShardRow>(
                $"{ShardRow.Select} where job = @job and number between 0 and @last order by number", new { job, last = ShardRow.Finish - 1 }),
            cancellation).ConfigureAwait(false);
        return rows.ConvertAll(row => row.ToShard());
    }

    private static Task<ShardRow?> NextShardAsync(Session session, string job) => session.FirstAsync<ShardRow>(
        $"""
        {ShardRow.Select} where job = @job and state = 'ready' and not_before <= @Now
        order by not_before, number limit 1{session.SkipLocked}
        """,
        new { job, session.Now });

    private async Task<Claim> StartAsync(Session session, JobRow job, ShardRow shard, string worker)
    {
        await session.ExecuteAsync(
            """
            update shards set state = 'running', claims = claims + 1, attempts = attempts + 1, owner = @worker, lease_until = @until
            where job = @job and number = @Number
            """,
            new { job = job.Id, shard.Number, worker, until = session.Now + Timestamp.Milliseconds(options.Lease) }).ConfigureAwait(false);
        var started = shard.ToShard() with { State = ShardState.Running, Attempts = (int)shard.Attempts + 1 };
        var claim = new Claim(job.ToJob(), started, shard.Claims + 1, worker);
        if (claim.Phase == Phase.Shard)
        {
            await FairTurns.ServeAsync(session, job, shard.Items).ConfigureAwait(false);
        }

        return claim;
    }
}
