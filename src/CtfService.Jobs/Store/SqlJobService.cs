using System.Runtime.CompilerServices;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>Creates, finds and cancels jobs in the tables.</summary>
internal sealed class SqlJobService(IDatabase database, JobSignals signals, TimeProvider clock) : IJobService
{
    /// <summary>Time after which a watcher looks for changes made by other processes, in case a notification was lost.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    public async Task<Job> CreateAsync(NewJob job, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(job.Weight, 1);
        var created = await database.RunAsync(
            async session =>
            {
                await FairTurns.EnterAsync(session, job.Tenant).ConfigureAwait(false);
                await FairTurns.LockAsync(session, job.Tenant).ConfigureAwait(false); // one after the other for each owner, from here on
                if (await FindAsync(session, job.Tenant, job.Kind, job.Id).ConfigureAwait(false) is { } earlier)
                {
                    return earlier; // the connection broke after it was created
                }

                job.Admit?.Invoke(await UnfinishedAsync(session, job.Tenant).ConfigureAwait(false));
                await InsertAsync(session, job).ConfigureAwait(false);
                await session.AddWorkAsync(job.Id, ShardRow.Preparation).ConfigureAwait(false);
                await session.AnnounceAsync(job.Id).ConfigureAwait(false);
                return await FindAsync(session, job.Tenant, job.Kind, job.Id).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        signals.Changed(job.Id);
        return created ?? throw new InvalidOperationException($"The id {job.Id} belongs to a job of another owner.");
    }

    public async Task<Job?> FindAsync(string tenant, string kind, string id, CancellationToken cancellation) =>
        database.Exists && JobIds.IsPossible(id)
            ? await database.RunAsync(session => FindAsync(session, tenant, kind, id), cancellation).ConfigureAwait(false)
            : null;

    public async Task<JobPage> ListAsync(string tenant, string kind, string? after, int limit, CancellationToken cancellation)
    {
        if (!database.Exists || (after is not null && !JobIds.IsPossible(after)))
        {
            return new JobPage([], HasMore: false);
        }

        var rows = await database.RunAsync(
            session => session.ListAsync<JobRow>(
                $"""
                {JobRow.Select} where tenant = @tenant and kind = @kind
                    {(after is null ? "" : "and number < (select number from jobs where tenant = @tenant and kind = @kind and id = @after)")}
                order by number desc limit @rows
                """,
                new { tenant, kind, after, rows = limit + 1 }),
            cancellation).ConfigureAwait(false);
        return new JobPage([.. rows.Take(limit).Select(row => row.ToJob())], rows.Count > limit);
    }

    public async Task<Job?> CancelAsync(string tenant, string kind, string id, CancellationToken cancellation)
    {
        if (!database.Exists || !JobIds.IsPossible(id))
        {
            return null;
        }

        var job = await database.RunAsync(
            async session =>
            {
                var row = await session.LockAsync(id).ConfigureAwait(false);
                if (row is { Outcome: null, Finalizing: null } && row.Tenant == tenant && row.Kind == kind)
                {
                    await session.ExecuteAsync("update jobs set cancel_requested = @Now where id = @id", new { id, session.Now }).ConfigureAwait(false);
                    await session.StopAsync(row, JobState.Cancelling, JobState.Cancelled).ConfigureAwait(false);
                    await session.AnnounceAsync(id).ConfigureAwait(false);
                }

                return await FindAsync(session, tenant, kind, id).ConfigureAwait(false);
            },
            cancellation).ConfigureAwait(false);
        signals.Changed(id);
        return job;
    }

    public async Task<bool> DeleteAsync(string tenant, string kind, string id, CancellationToken cancellation)
    {
        var isEnded = await FindAsync(tenant, kind, id, cancellation).ConfigureAwait(false) is { } job && job.State.IsEnded(); // and never begins again
        return isEnded && await database.RunAsync(session => session.DeleteEndedAsync(id), cancellation).ConfigureAwait(false);
    }

    public async Task<UnfinishedWork> UnfinishedAsync(string tenant, CancellationToken cancellation) => database.Exists
        ? await database.RunAsync(session => UnfinishedAsync(session, tenant), cancellation).ConfigureAwait(false)
        : new UnfinishedWork(Jobs: 0, Images: 0);

    public async IAsyncEnumerable<Job> WatchAsync(string tenant, string kind, string id, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var changes = signals.Subscribe(id);
        for (Job? last = null; await FindAsync(tenant, kind, id, cancellation).ConfigureAwait(false) is { } job; last = job)
        {
            if (job != last)
            {
                yield return job;
            }

            if (job.State.IsEnded())
            {
                yield break;
            }

            await changes.WaitAsync(database.IsShared ? WatchInterval : Timeout.InfiniteTimeSpan, clock, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<UnfinishedWork> UnfinishedAsync(Session session, string tenant)
    {
        var (unfinished, images) = await session.FirstAsync<(long, long)>(
            "select count(*), cast(coalesce(sum(images), 0) as bigint) from jobs where tenant = @tenant and ended is null", new { tenant })
            .ConfigureAwait(false);
        return new UnfinishedWork(unfinished, images);
    }

    private static async Task<Job?> FindAsync(Session session, string tenant, string kind, string id)
    {
        var row = await session.FirstAsync<JobRow>(
            $"{JobRow.Select} where id = @id and tenant = @tenant and kind = @kind", new { id, tenant, kind }).ConfigureAwait(false);
        return row is null ? null : row.ToJob() with { IsHeldUp = row.Ended is null && await IsHeldUpAsync(session, id).ConfigureAwait(false) };
    }

    private static async Task<bool> IsHeldUpAsync(Session session, string job) => await session.FirstAsync<long?>(
        "select number from shards where job = @job and error is not null and state in ('ready', 'running') limit 1", new { job })
        .ConfigureAwait(false) is not null;

    private static Task<int> InsertAsync(Session session, NewJob job) => session.ExecuteAsync(
        """
        insert into jobs (id, kind, tenant, weight, specification, state, images, open_shards, turn, created, expires, webhook, trace_parent)
        values (@Id, @Kind, @Tenant, @Weight, @Specification, 'validating', @Images, 1,
            (select coalesce(max(turn), 0) from jobs where tenant = @Tenant and ended is null), @Now, @Expires, @Webhook, @TraceParent)
        on conflict (id) do nothing
        """,
        new
        {
            job.Id,
            job.Kind,
            job.Tenant,
            job.Weight,
            job.Specification,
            job.Images,
            session.Now,
            Expires = session.Now + Timestamp.Milliseconds(job.Lifetime),
            job.Webhook,
            job.TraceParent,
        });
}
