using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>Finds what time has ended: jobs that expire, jobs and files whose retention is over.</summary>
internal sealed class JobSweep(IDatabase database, JobSignals signals, JobsOptions options)
{
    /// <summary>Most rows of one sweep; the next one goes on.</summary>
    public const int Batch = 100;

    /// <summary>
    /// Stops jobs whose time has run out, and ends those whose output could not be put together for as long as a job may take; else a storage that has lost
    /// files would keep them for ever. Returns how many; more may be left, so that the heartbeat between two calls comes in time.
    /// </summary>
    public async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        var lifetime = Timestamp.Milliseconds(options.Lifetime);
        var late = await database.RunAsync(
            session => session.ListAsync<string>(
                $"""
                select id from jobs where ended is null
                    and (outcome is null and finalizing is null and expires <= @Now or finalizing <= @before)
                limit {Batch}
                """,
                new { session.Now, before = session.Now - lifetime }),
            cancellation).ConfigureAwait(false);
        foreach (var id in late)
        {
            await database.RunAsync(
                async session =>
                {
                    var job = await session.LockAsync(id).ConfigureAwait(false);
                    if (job is { Outcome: null, Finalizing: null })
                    {
                        await session.StopAsync(job, JobState.Finalizing, JobState.Expired).ConfigureAwait(false);
                        await session.AnnounceAsync(id).ConfigureAwait(false);
                    }
                    else if (job?.Finalizing <= session.Now - lifetime)
                    {
                        await session.GiveUpFinishAsync(id).ConfigureAwait(false);
                        await session.AnnounceAsync(id).ConfigureAwait(false);
                    }

                    return true;
                },
                cancellation).ConfigureAwait(false);
            signals.Changed(id);
        }

        return late.Count;
    }

    /// <summary>Returns jobs that ended longer ago than they are kept, the oldest first.</summary>
    /// <param name="kinds">Their kinds, each between commas.</param>
    public async Task<IReadOnlyList<Job>> OutdatedJobsAsync(string kinds, CancellationToken cancellation)
    {
        var rows = await database.RunAsync(
            session => session.ListAsync<JobRow>(
                $"{JobRow.Select} where ended is not null and ended <= @before and @kinds like '%,' || kind || ',%' order by ended limit {Batch}",
                new { kinds, before = session.Now - Timestamp.Milliseconds(options.Retention) }),
            cancellation).ConfigureAwait(false);
        return rows.ConvertAll(row => row.ToJob());
    }

    /// <summary>Deletes the rows of a job that has ended.</summary>
    public Task DeleteJobAsync(string id, CancellationToken cancellation) =>
        database.RunAsync(session => session.DeleteEndedAsync(id), cancellation);

    /// <summary>Returns files that have expired.</summary>
    public async Task<IReadOnlyList<UploadedFile>> ExpiredFilesAsync(CancellationToken cancellation)
    {
        var rows = await database.RunAsync(
            session => session.ListAsync<FileRow>($"{FileRow.Select} where expires <= @Now order by expires limit {Batch}", new { session.Now }),
            cancellation).ConfigureAwait(false);
        return rows.ConvertAll(row => row.ToFile());
    }

    /// <summary>Returns true if a file has a row.</summary>
    public async Task<bool> HasRowAsync(string storedName, CancellationToken cancellation) => await database.RunAsync(
        session => session.FirstAsync<long?>("select number from files where stored_name = @storedName limit 1", new { storedName }), cancellation)
        .ConfigureAwait(false) is not null;

    public Task DeleteFileAsync(string id, CancellationToken cancellation) =>
        database.RunAsync(session => session.ExecuteAsync("delete from files where id = @id", new { id }), cancellation);

    /// <summary>Counts the jobs that have not ended.</summary>
    public Task<JobCounts> CountAsync(CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            var states = await session.ListAsync<(string State, long Jobs, double Images, long Oldest)>(
                """
                select state, count(*), cast(coalesce(sum(case when total = 0 then 0.0 else 1.0 * images * (total - done - failed) / total end), 0)
                    as double precision), min(created)
                from jobs where ended is null group by state
                """).ConfigureAwait(false);
            return new JobCounts(
                states.ToDictionary(row => StateNames.ToJobState(row.State), row => row.Jobs),
                (long)states.Sum(row => row.Images),
                states.Count == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(session.Now - states.Min(row => row.Oldest)));
        },
        cancellation);
}

/// <summary>Jobs that have not ended, at one moment.</summary>
/// <param name="ImagesLeft">Images of items that have not been processed.</param>
/// <param name="OldestAge">Time since the creation of the oldest one; zero if there is none.</param>
internal sealed record JobCounts(IReadOnlyDictionary<JobState, long> ByState, long ImagesLeft, TimeSpan OldestAge)
{
    public static JobCounts None { get; } = new(new Dictionary<JobState, long>(), 0, TimeSpan.Zero);

    public bool IsEmpty => ByState.Count == 0;
}
