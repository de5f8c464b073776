using System.Text.Json;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>
/// Steps of a job from state to state, inside a transaction. To be free of deadlocks, each transaction locks the row of one job first, then its shards, then
/// its tenant.
/// </summary>
internal static class JobTransitions
{
    /// <summary>Locks a job that has not ended. Returns null if there is none.</summary>
    public static Task<JobRow?> LockAsync(this Session session, string job) =>
        session.FirstAsync<JobRow>($"{JobRow.Select} where id = @job and ended is null{session.ForUpdate}", new { job });

    /// <summary>Stops a job: work that has not started is left out; what runs is told by its next heartbeat.</summary>
    /// <param name="state">State until that work has stopped.</param>
    /// <param name="outcome">Final state.</param>
    public static async Task StopAsync(this Session session, JobRow job, JobState state, JobState outcome)
    {
        await session.ExecuteAsync(
            "update jobs set state = @state, outcome = @outcome where id = @Id",
            new { job.Id, state = StateNames.Of(state), outcome = StateNames.Of(outcome) }).ConfigureAwait(false);
        var left = await session.ExecuteAsync("update shards set state = 'skipped' where job = @Id and state = 'ready'", new { job.Id }).ConfigureAwait(false);
        if (left > 0)
        {
            await session.CloseShardsAsync(job.Id, left).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Counts shards as ended. After the last one the output is put together; a job that was stopped before it was cut into shards ends at once.
    /// </summary>
    public static async Task CloseShardsAsync(this Session session, string id, int shards)
    {
        await session.ExecuteAsync("update jobs set open_shards = open_shards - @shards where id = @id", new { id, shards }).ConfigureAwait(false);
        var job = (await session.FirstAsync<JobRow>($"{JobRow.Select} where id = @id", new { id }).ConfigureAwait(false))!;
        if (job.OpenShards > 0)
        {
            return;
        }

        if (job.Started is null)
        {
            await session.EndAsync(id, StateNames.ToJobState(job.Outcome!), result: null, errors: []).ConfigureAwait(false);
            return;
        }

        await session.ExecuteAsync(
            "update jobs set state = case when state = 'cancelling' then state else 'finalizing' end, finalizing = @Now, open_shards = 1 where id = @id",
            new { id, session.Now }).ConfigureAwait(false);
        await session.AddWorkAsync(id, ShardRow.Finish).ConfigureAwait(false);
    }

    /// <summary>Adds the preparation or the finish of a job to the queue.</summary>
    public static Task AddWorkAsync(this Session session, string job, long number) => session.ExecuteAsync(
        "insert into shards (job, number, first_item, items, state) values (@job, @number, 0, 0, 'ready') on conflict do nothing", new { job, number });

    /// <summary>
    /// Returns a job from its finish to its shards: some of them run again, and then the finish. If the job was stopped, they are left out instead.
    /// </summary>
    public static async Task ReopenAsync(this Session session, JobRow job, IReadOnlyList<int> shards, string cause)
    {
        var state = job.Outcome is null ? "ready" : "skipped";
        foreach (var number in shards)
        {
            await session.ExecuteAsync(
                """
                update jobs set done = jobs.done - s.done, failed = jobs.failed - s.failed from shards s
                where jobs.id = @Id and s.job = @Id and s.number = @number
                """,
                new { job.Id, number }).ConfigureAwait(false);
            await session.ExecuteAsync(
                "update shards set state = @state, not_before = 0, done = 0, failed = 0, error = @cause where job = @Id and number = @number",
                new { state, cause, job.Id, number }).ConfigureAwait(false);
        }

        await session.ExecuteAsync("delete from shards where job = @Id and number = @Finish", new { job.Id, ShardRow.Finish }).ConfigureAwait(false);
        await session.ExecuteAsync(
            "update jobs set state = case when outcome is null then 'in_progress' else state end, finalizing = null, open_shards = @open where id = @Id",
            new { job.Id, open = shards.Count }).ConfigureAwait(false);
        if (job.Outcome is not null)
        {
            await session.CloseShardsAsync(job.Id, shards.Count).ConfigureAwait(false);
        }
    }

    /// <summary>Ends a job whose output cannot be put together, with the last cause.</summary>
    public static async Task GiveUpFinishAsync(this Session session, string id)
    {
        var finish = new { id, ShardRow.Finish };
        var cause = await session.FirstAsync<string>("select error from shards where job = @id and number = @Finish", finish).ConfigureAwait(false);
        await session.ExecuteAsync("update shards set state = 'failed', owner = null, lease_until = null where job = @id and number = @Finish", finish)
            .ConfigureAwait(false);
        await session.EndAsync(id, JobState.Failed, result: null, [new JobError("output_failed", cause ?? "The output could not be put together in time.")])
            .ConfigureAwait(false);
    }

    /// <summary>Deletes the rows of a job if it has ended. Returns false if it has not.</summary>
    public static async Task<bool> DeleteEndedAsync(this Session session, string id)
    {
        await session.ExecuteAsync("delete from shards where job in (select id from jobs where id = @id and ended is not null)", new { id })
            .ConfigureAwait(false);
        return await session.ExecuteAsync("delete from jobs where id = @id and ended is not null", new { id }).ConfigureAwait(false) > 0;
    }

    /// <summary>Ends a job. Its webhook becomes due in the same transaction, so that none is lost.</summary>
    public static async Task EndAsync(this Session session, string id, JobState state, string? result, IReadOnlyList<JobError> errors)
    {
        await session.ExecuteAsync(
            "update jobs set state = @state, ended = @Now, open_shards = 0, result = @result, errors = @errors where id = @id",
            new
            {
                id,
                state = StateNames.Of(state),
                session.Now,
                result,
                errors = errors.Count == 0 ? null : JsonSerializer.Serialize(errors.Select(Bounded)),
            }).ConfigureAwait(false);
        await session.ExecuteAsync(
            "insert into webhooks (job, due) select id, @Now from jobs where id = @id and webhook is not null on conflict (job) do nothing",
            new { id, session.Now }).ConfigureAwait(false);
    }

    private static JobError Bounded(JobError error) =>
        error with { Message = BoundedText.Of(error.Message), Param = error.Param is null ? null : BoundedText.Of(error.Param) };
}
