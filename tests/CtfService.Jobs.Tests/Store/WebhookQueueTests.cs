using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Store;

[Collection(TestDatabases.Collection)]
public sealed class WebhookQueueTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Take_ManyAtOnce_GivesEachToOne(string kind)
    {
        await using var bench = await databases.NewAsync(kind);
        var ended = new List<string>();
        for (var job = 0; job < 8; job++)
        {
            ended.Add(await EndAsync(bench));
        }

        var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => bench.Store.Webhooks.TakeAsync(CancellationToken.None))));

        // A taker may find the row that another one has locked, and nothing then; a later one finds the rest.
        var found = taken.OfType<DueWebhook>().ToList();
        while (await bench.Store.Webhooks.TakeAsync(CancellationToken.None) is { } rest)
        {
            found.Add(rest);
        }

        Assert.Equal(ended.Order(), found.Select(webhook => webhook.Job.Id).Order());
        Assert.All(found, webhook => Assert.Equal((1, JobState.Failed), (webhook.Attempt, webhook.Job.State)));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Retry_AfterADelay_GivesItAgainUntilItEnds(string kind)
    {
        await using var bench = await databases.NewAsync(kind);
        await EndAsync(bench);
        var queue = bench.Store.Webhooks;
        Assert.Equal(TimeSpan.Zero, await queue.WaitAsync(CancellationToken.None));

        var first = (await queue.TakeAsync(CancellationToken.None))!;
        await queue.RetryAsync(first, TimeSpan.FromMilliseconds(200), CancellationToken.None);
        Assert.Null(await queue.TakeAsync(CancellationToken.None));
        await bench.PassAsync(TimeSpan.FromMilliseconds(300));
        var second = (await queue.TakeAsync(CancellationToken.None))!;
        await queue.RetryAsync(first, TimeSpan.Zero, CancellationToken.None); // a process that lost it changes nothing
        Assert.Null(await queue.TakeAsync(CancellationToken.None));
        await queue.EndAsync(second, CancellationToken.None);

        Assert.Equal((1, 2), (first.Attempt, second.Attempt));
        Assert.Null(await queue.WaitAsync(CancellationToken.None));
    }

    /// <summary>Ends a job with a webhook. Returns its id.</summary>
    private static async Task<string> EndAsync(JobsBench bench)
    {
        var job = new NewJob(JobIds.New("job_"), FakeJobHandler.TestKind, "", 1, "1", TimeSpan.FromDays(1)) { Webhook = "https://example.org/" };
        await bench.Jobs.CreateAsync(job, CancellationToken.None);
        var claim = (await bench.ClaimAsync("worker"))!;
        Assert.True(await bench.Store.Queue.RefusedAsync(claim, [new JobError("invalid", "Invalid.")], CancellationToken.None));
        return job.Id;
    }
}
