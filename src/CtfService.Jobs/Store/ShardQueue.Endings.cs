using System.Globalization;
using System.Text;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>
/// How work ends. Each method returns false, and changes nothing, if the worker does not hold the work any more.
/// </summary>
internal sealed partial class ShardQueue
{
    private const int RowsOfAnInsert = 500;

    /// <summary>Waits before the second attempt, the third, and all others.</summary>
    private static readonly TimeSpan[] BackOff = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)];

    /// <summary>Ends the preparation of a job: its shards join the queue.</summary>
    public Task<bool> PreparedAsync(Claim claim, JobPlan plan, CancellationToken cancellation) => EndAsync(
        claim,
        async (session, job) =>
        {
            if (job.Outcome is not null)
            {
                await session.CloseShardsAsync(job.Id, 1).ConfigureAwait(false);
                return;
            }

            await InsertShardsAsync(session, job.Id, plan.Counts).ConfigureAwait(false);
            await session.ExecuteAsync(
                "update jobs set state = 'in_progress', started = @Now, total = @total, images = @Images, open_shards = @shards where id = @Id",
                new { job.Id, session.Now, total = plan.Counts.Sum(count => (long)count), plan.Images, shards = plan.Counts.Count }).ConfigureAwait(false);
            if (plan.Counts.Count == 0)
            {
                await session.CloseShardsAsync(job.Id, 0).ConfigureAwait(false);
            }
        },
        cancellation);

    /// <summary>Ends a job that is invalid.</summary>
    public Task<bool> RefusedAsync(Claim claim, IReadOnlyList<JobError> errors, CancellationToken cancellation) =>
        EndAsync(claim, (session, job) => session.EndAsync(job.Id, JobState.Failed, result: null, errors), cancellation);

    /// <summary>Ends a shard whose items were processed.</summary>
    public Task<bool> DoneAsync(Claim claim, ShardResult result, CancellationToken cancellation) =>
        EndAsync(claim, (session, job) => CountAsync(session, job.Id, claim.Shard.Number, "done", result), cancellation);

    /// <summary>Ends a job whose output is complete.</summary>
    public Task<bool> FinishedAsync(Claim claim, string result, CancellationToken cancellation) => EndAsync(
        claim,
        (session, job) => session.EndAsync(job.Id, job.Outcome is { } outcome ? StateNames.ToJobState(outcome) : JobState.Completed, result, errors: []),
        cancellation);

    /// <summary>Ends a finish that lacks files of finished shards: they run again.</summary>
    /// <param name="shards">Numbers of shards that are done.</param>
    public Task<bool> ReopenedAsync(Claim claim, IReadOnlyList<int> shards, string cause, CancellationToken cancellation) =>
        EndAsync(claim, (session, job) => session.ReopenAsync(job, shards, BoundedText.Of(cause)), cancellation);

    /// <summary>Ends an attempt that failed. The work is tried again later, or given up after the last attempt.</summary>
    public Task<bool> FailedAsync(Claim claim, string cause, CancellationToken cancellation) =>
        EndAsync(claim, (session, job) => RetryOrGiveUpAsync(session, job, claim.Shard, BoundedText.Of(cause), WaitAfter(claim.Shard.Attempts)), cancellation);

    /// <summary>Returns work unfinished, for this worker or another. The attempt does not count. If its job was stopped, the work is left out.</summary>
    /// <param name="delay">Time until it can be claimed again.</param>
    public Task<bool> GiveBackAsync(Claim claim, TimeSpan delay, string? cause, CancellationToken cancellation) => EndAsync(
        claim,
        async (session, job) =>
        {
            var isLeftOut = job.Outcome is not null && claim.Phase != Phase.Finish;
            await session.ExecuteAsync(
                """
                update shards set state = @state, attempts = attempts - 1, not_before = @notBefore, error = coalesce(@cause, error)
                where job = @Id and number = @Number
                """,
                new
                {
                    state = isLeftOut ? "skipped" : "ready",
                    notBefore = NotBefore(session, delay),
                    cause = cause is null ? null : BoundedText.Of(cause),
                    job.Id,
                    claim.Shard.Number,
                }).ConfigureAwait(false);
            if (isLeftOut)
            {
                await session.CloseShardsAsync(job.Id, 1).ConfigureAwait(false);
            }
        },
        cancellation);

    private async Task<bool> EndAsync(Claim claim, Func<Session, JobRow, Task> end, CancellationToken cancellation)
    {
        var isHeld = await database.RunAsync(
            async session =>
            {
                var (id, shard, number) = claim.Key;
                if (await session.LockAsync(id).ConfigureAwait(false) is not { } job
                    || await session.ExecuteAsync(
                        """
                        update shards set state = 'done', owner = null, lease_until = null
                        where job = @id and number = @shard and claims = @number and owner = @Worker and state = 'running'
                        """,
                        new { id, shard, number, claim.Worker }).ConfigureAwait(false) == 0)
                {
                    return false;
                }

                await end(session, job).ConfigureAwait(false);
                await session.AnnounceAsync(id).ConfigureAwait(false);
                return true;
            },
            cancellation).ConfigureAwait(false);
        signals.Changed(claim.Job.Id);
        return isHeld;
    }

    /// <param name="delay">Time until the next attempt; null if there is none.</param>
    private static async Task RetryOrGiveUpAsync(Session session, JobRow job, Shard shard, string cause, TimeSpan? delay)
    {
        if (job.Outcome is not null && shard.Number != ShardRow.Finish)
        {
            await session.ExecuteAsync(
                "update shards set state = 'skipped', error = @cause where job = @Id and number = @Number",
                new { cause, job.Id, shard.Number }).ConfigureAwait(false);
            await session.CloseShardsAsync(job.Id, 1).ConfigureAwait(false);
        }
        else if (delay is { } wait)
        {
            await session.ExecuteAsync(
                "update shards set state = 'ready', not_before = @notBefore, error = @cause where job = @Id and number = @Number",
                new { notBefore = NotBefore(session, wait), cause, job.Id, shard.Number }).ConfigureAwait(false);
        }
        else
        {
            await GiveUpAsync(session, job.Id, shard, cause).ConfigureAwait(false);
        }
    }

    private static async Task GiveUpAsync(Session session, string job, Shard shard, string cause)
    {
        await session.ExecuteAsync(
            "update shards set error = @cause where job = @job and number = @Number", new { cause, job, shard.Number }).ConfigureAwait(false);
        var error = (long)shard.Number switch
        {
            ShardRow.Preparation => new JobError("preparation_failed", cause),
            ShardRow.Finish => new JobError("output_failed", cause),
            _ => null,
        };
        await (error is not null
            ? session.EndAsync(job, JobState.Failed, result: null, [error])
            : CountAsync(session, job, shard.Number, "failed", new ShardResult(0, shard.Count))).ConfigureAwait(false);
    }

    private static async Task CountAsync(Session session, string id, long number, string state, ShardResult result)
    {
        await session.ExecuteAsync(
            "update shards set state = @state, done = @Done, failed = @Failed where job = @id and number = @number",
            new { state, result.Done, result.Failed, id, number }).ConfigureAwait(false);
        await session.ExecuteAsync(
            "update jobs set done = done + @Done, failed = failed + @Failed where id = @id", new { result.Done, result.Failed, id }).ConfigureAwait(false);
        await session.CloseShardsAsync(id, 1).ConfigureAwait(false);
    }

    /// <summary>Returns null after the last attempt.</summary>
    private TimeSpan? WaitAfter(int attempts) => attempts < options.MaxAttempts ? BackOff[Math.Min(attempts, BackOff.Length) - 1] : null;

    /// <summary>Without a delay, the work keeps its place in front of the work that follows it.</summary>
    private static long NotBefore(Session session, TimeSpan delay) => delay > TimeSpan.Zero ? session.Now + Timestamp.Milliseconds(delay) : 0;

    private static async Task InsertShardsAsync(Session session, string job, IReadOnlyList<int> counts)
    {
        var first = 0L;
        foreach (var rows in counts.Index().Chunk(RowsOfAnInsert))
        {
            var sql = new StringBuilder("insert into shards (job, number, first_item, items, state) values ");
            foreach (var (number, items) in rows)
            {
                sql.Append(CultureInfo.InvariantCulture, $"(@job, {number}, {first}, {items}, 'ready'),");
                first += items;
            }

            sql.Length--;
            await session.ExecuteAsync(sql.ToString(), new { job }).ConfigureAwait(false);
        }
    }
}
