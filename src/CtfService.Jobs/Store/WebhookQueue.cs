using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>The notifications of jobs that ended. Each is delivered at least once: an attempt that a crash interrupts is made again.</summary>
internal sealed class WebhookQueue(IDatabase database)
{
    /// <summary>Time after which another process makes an attempt that has not ended. Longer than an attempt can take.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    /// <summary>Takes the notification that is due first, if it is due. Another process does not get it before the lease has run out.</summary>
    public Task<DueWebhook?> TakeAsync(CancellationToken cancellation) => database.RunAsync(
        async session =>
        {
            var row = await session.FirstAsync<WebhookRow>(
                $"select job, attempts from webhooks where due <= @Now order by due limit 1{session.SkipLocked}", new { session.Now }).ConfigureAwait(false);
            if (row is null)
            {
                return null;
            }

            var job = await session.FirstAsync<JobRow>($"{JobRow.Select} where id = @Job", new { row.Job }).ConfigureAwait(false);
            if (job is null)
            {
                await session.ExecuteAsync("delete from webhooks where job = @Job", new { row.Job }).ConfigureAwait(false);
                return null;
            }

            await session.ExecuteAsync(
                "update webhooks set attempts = attempts + 1, due = @due where job = @Job",
                new { row.Job, due = session.Now + Timestamp.Milliseconds(Lease) }).ConfigureAwait(false);
            return new DueWebhook(job.ToJob(), (int)row.Attempts + 1);
        },
        cancellation);

    /// <summary>Returns the time until a notification is due; null if there is none.</summary>
    public async Task<TimeSpan?> WaitAsync(CancellationToken cancellation)
    {
        var (due, now) = await database.RunAsync(
            async session => (await session.FirstAsync<long?>("select min(due) from webhooks").ConfigureAwait(false), session.Now), cancellation)
            .ConfigureAwait(false);
        return due is { } time ? TimeSpan.FromMilliseconds(Math.Max(0, time - now)) : null;
    }

    /// <summary>Ends an attempt that failed: the next one starts after a delay.</summary>
    public Task RetryAsync(DueWebhook webhook, TimeSpan delay, CancellationToken cancellation) => database.RunAsync(
        session => session.ExecuteAsync(
            "update webhooks set due = @due where job = @Id and attempts = @Attempt",
            new { due = session.Now + Timestamp.Milliseconds(delay), webhook.Job.Id, webhook.Attempt }),
        cancellation);

    /// <summary>Ends the delivery, successful or not.</summary>
    public Task EndAsync(DueWebhook webhook, CancellationToken cancellation) =>
        database.RunAsync(session => session.ExecuteAsync("delete from webhooks where job = @Id", new { webhook.Job.Id }), cancellation);

    private sealed class WebhookRow
    {
        public string Job { get; init; } = "";

        public long Attempts { get; init; }
    }
}

/// <summary>A notification to deliver.</summary>
/// <param name="Attempt">From 1.</param>
internal sealed record DueWebhook(Job Job, int Attempt);
