using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Store;

/// <summary>What the endpoints ask about jobs, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class JobServiceTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Create_AJob_KeepsAllThatWasGiven(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var given = new NewJob(JobIds.New("batch_"), "batch", "alice", 5, """{"text":"é ' \" ; --"}""", TimeSpan.FromHours(24))
        {
            Webhook = "https://example.org/hook",
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        };

        var job = await bench.Jobs.CreateAsync(given, CancellationToken.None);

        Assert.Equal((given.Id, given.Kind, given.Tenant, given.Weight, given.Specification), (job.Id, job.Kind, job.Tenant, job.Weight, job.Specification));
        Assert.Equal((JobState.Validating, given.Webhook, given.TraceParent), (job.State, job.Webhook, job.TraceParent));
        Assert.Equal(given.Lifetime, job.ExpiresAt - job.CreatedAt);
        Assert.Equal(job, await bench.Jobs.FindAsync("alice", "batch", given.Id, CancellationToken.None));
        Assert.Null(await bench.Jobs.FindAsync("bob", "batch", given.Id, CancellationToken.None));
        Assert.Null(await bench.Jobs.FindAsync("alice", "dataset", given.Id, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Id_ThatTheDatabaseCannotHold_IsFoundNowhere(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreateAsync("1");
        foreach (var id in new[] { "\0", "\ud800" })
        {
            Assert.Null(await bench.Jobs.FindAsync("", FakeJobHandler.TestKind, id, CancellationToken.None));
            Assert.Null(await bench.Jobs.CancelAsync("", FakeJobHandler.TestKind, id, CancellationToken.None));
            Assert.Empty((await bench.Jobs.ListAsync("", FakeJobHandler.TestKind, after: id, 10, CancellationToken.None)).Jobs);
            Assert.Null(await bench.Uploads.FindAsync("", id, CancellationToken.None));
            Assert.False(await bench.Uploads.DeleteAsync("", id, CancellationToken.None));
            Assert.Empty((await bench.Uploads.ListAsync("", null, after: id, 10, newestFirst: true, CancellationToken.None)).Files);
        }
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task List_InPages_ReturnsOwnJobsNewestFirst(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var created = new List<string>();
        for (var job = 0; job < 5; job++)
        {
            created.Insert(0, (await bench.CreateAsync("1", tenant: "alice")).Id);
            await bench.CreateAsync("1", tenant: "bob");
        }

        var first = await ListAsync(bench, after: null);
        var second = await ListAsync(bench, after: first.Jobs[^1].Id);
        var third = await ListAsync(bench, after: second.Jobs[^1].Id);

        Assert.Equal(created, first.Jobs.Concat(second.Jobs).Concat(third.Jobs).Select(job => job.Id));
        Assert.Equal([true, true, false], new[] { first, second, third }.Select(page => page.HasMore));
        Assert.Empty((await ListAsync(bench, after: "unknown")).Jobs);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Unfinished_OfATenant_CountsItsJobsAndImagesUntilTheyEnd(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreatePreparedAsync("10,20", tenant: "alice");
        await bench.CreatePreparedAsync("5", tenant: "bob");

        Assert.Equal(new UnfinishedWork(1, 30), await bench.Jobs.UnfinishedAsync("alice", CancellationToken.None));
        await bench.Jobs.CancelAsync("alice", job.Kind, job.Id, CancellationToken.None);
        await bench.StartAsync();
        await bench.EndedAsync(job);

        Assert.Equal(new UnfinishedWork(0, 0), await bench.Jobs.UnfinishedAsync("alice", CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Watch_AnUnknownJob_EndsAtOnce(string database)
    {
        await using var bench = await databases.NewAsync(database);

        await foreach (var job in bench.Jobs.WatchAsync("alice", "batch", "unknown", CancellationToken.None))
        {
            Assert.Fail($"There is no job, and {job.Id} was returned.");
        }
    }

    private static Task<JobPage> ListAsync(JobsBench bench, string? after) =>
        bench.Jobs.ListAsync("alice", FakeJobHandler.TestKind, after, limit: 2, CancellationToken.None);
}
