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

    public static Task EndAsync(this Session session, string id, JobState state, string? result, IReadOnlyList<JobError> errors) => session.ExecuteAsync(
        "update jobs set state = @state, ended = @Now, open_shards = 0, result = @result, errors = @errors where id = @id",
        new
        {
            id,
            state = StateNames.Of(state),
            session.Now,
            result,
            errors = errors.Count == 0 ? null : JsonSerializer.Serialize(errors),
        });
}
