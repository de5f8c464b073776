using CtfService.Jobs.Files;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Engine;

/// <summary>Jobs from creation to end, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class JobEngineTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_OfThreeShards_Completes(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10,10,5"));

        Assert.Equal((JobState.Completed, 25, 25, 0, 25, "3 of 3"), (job.State, job.Total, job.Done, job.Failed, job.Images, job.Result));
        Assert.NotNull(job.StartedAt);
        Assert.NotNull(job.FinalizingAt);
        Assert.NotNull(job.EndedAt);
        Assert.Equal([(0, 0L, 10), (1, 10L, 10), (2, 20L, 5)], (await bench.ShardsAsync(job)).Select(shard => (shard.Number, shard.First, shard.Count)));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_WithoutItems_Completes(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync(""));

        Assert.Equal((JobState.Completed, 0, "0 of 0"), (job.State, job.Total, job.Result));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Errors_OfAnyLengthAndContent_AreKeptInShort(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        var text = "\0 and \ud800 " + new string('x', 1_000_000);
        bench.Handler.Run = (_, _, _) => throw new InvalidDataException(text);
        await bench.StartAsync();
        var given = await bench.EndedAsync(await bench.CreateAsync("10"));
        bench.Handler.Prepare = (_, _) => throw new JobRefusedException([new JobError("unknown_field", text, 1, text)]);
        var refused = Assert.Single((await bench.EndedAsync(await bench.CreateAsync("10"))).Errors);

        Assert.Equal((JobState.Completed, 10), (given.State, given.Failed));
        var cause = (await bench.ShardsAsync(given))[0].Error!;
        Assert.StartsWith("\ufffd and \ufffd xxx", cause, StringComparison.Ordinal);
        Assert.Equal((1_000, 1_000, 1_000), (cause.Length, refused.Message.Length, refused.Param!.Length));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_ThatItsHandlerRefuses_FailsWithAllErrors(string database)
    {
        await using var bench = await databases.NewAsync(database);
        JobError[] errors = [new("invalid_json", "Line 3 is no JSON.", 3), new("unknown_class", "class 99 is unknown.", 7, "class")];
        bench.Handler.Prepare = (_, _) => throw new JobRefusedException(errors);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal(errors, job.Errors);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Preparation_ThatKeepsFailing_FailsTheJobWithTheCause(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        bench.Handler.Prepare = (_, _) => throw new InvalidDataException("the input is unreadable");
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal((JobState.Failed, new JobError("preparation_failed", "the input is unreadable")), (job.State, Assert.Single(job.Errors)));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Finish_ThatKeepsFailing_FailsTheJobWithTheCause(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        bench.Handler.Finish = (_, _, _) => throw new InvalidDataException("a shard is unreadable");
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal((JobState.Failed, new JobError("output_failed", "a shard is unreadable")), (job.State, Assert.Single(job.Errors)));
        Assert.Equal(10, job.Done);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_ThatKeepsFailing_IsGivenUpAndTheJobCompletes(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        bench.Handler.Run = (_, shard, _) => shard.Number == 1 ? throw new InvalidOperationException("poison") : Task.FromResult(new ShardResult(8, 2));
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10,10,10"));

        Assert.Equal((JobState.Completed, 16, 14, "2 of 3"), (job.State, job.Done, job.Failed, job.Result));
        var poisoned = (await bench.ShardsAsync(job))[1];
        Assert.Equal((ShardState.Failed, 0, 10, "poison"), (poisoned.State, poisoned.Done, poisoned.Failed, poisoned.Error));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_ThatFailsOnce_IsTriedAgain(string database)
    {
        await using var bench = await databases.NewAsync(database);
        bench.Handler.Run = (_, shard, _) => shard.Attempts == 1 ? throw new InvalidOperationException("once") : FakeJobHandler.Done(shard);
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await bench.UntilAsync(() => !bench.Handler.Started.IsEmpty);

        await bench.UntilAsync(async () => (await bench.ShardsAsync(job)) is [{ State: ShardState.Ready, Error: "once" }]);
        await bench.PassAsync(TimeSpan.FromSeconds(1)); // the first back-off
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Completed, 10), (job.State, job.Done));
        Assert.Equal(2, (await bench.ShardsAsync(job))[0].Attempts);
    }

    [Fact]
    public async Task Shard_ThatFailsThreeTimes_WaitsLongerEachTime()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { MaxAttempts = 4 });
        bench.Handler.Run = (_, shard, _) => shard.Attempts < 4 ? throw new InvalidOperationException("again") : FakeJobHandler.Done(shard);
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");

        foreach (var (attempts, wait) in new[] { (1, 1), (2, 10), (3, 60) })
        {
            await bench.UntilAsync(async () => (await bench.ShardsAsync(job)) is [{ State: ShardState.Ready } shard] && shard.Attempts == attempts);
            await bench.PassAsync(TimeSpan.FromSeconds(wait) - TimeSpan.FromMilliseconds(1));
            Assert.Null(await bench.ClaimAsync("other"));
            await bench.PassAsync(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(JobState.Completed, (await bench.EndedAsync(job)).State);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_ThatIsPostponed_UsesUpNoAttempt(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        var postponed = 0;
        bench.Handler.Run = (_, shard, _) => Interlocked.Increment(ref postponed) <= 3
            ? throw new ShardPostponedException("no model", TimeSpan.Zero)
            : FakeJobHandler.Done(shard);
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal((JobState.Completed, 10), (job.State, job.Done));
        Assert.Equal(1, (await bench.ShardsAsync(job))[0].Attempts);
    }

    [Fact]
    public async Task Shard_WhoseStorageFails_IsTriedUntilItIsMended()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { MaxAttempts = 1 });
        var isFull = true;
        bench.Handler.Run = (_, shard, _) => isFull ? throw new FileStoreUnavailableException("disk full") : FakeJobHandler.Done(shard);
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");

        for (var attempt = 1; attempt <= 5; attempt++)
        {
            await bench.UntilAsync(async () =>
                bench.Handler.Started.Count == attempt && (await bench.ShardsAsync(job)) is [{ State: ShardState.Ready, Attempts: 0, Error: "disk full" }]);
            Assert.True((await bench.FindAsync(job)).IsHeldUp);
            isFull = attempt < 5;
            await bench.PassAsync(TimeSpan.FromSeconds(5));
        }

        job = await bench.EndedAsync(job);
        Assert.Equal((JobState.Completed, 10, false), (job.State, job.Done, job.IsHeldUp));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_WhoseHandlerCountsWrongly_Fails(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { MaxAttempts = 1 });
        bench.Handler.Run = (_, _, _) => Task.FromResult(new ShardResult(9, 0));
        await bench.StartAsync();

        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal((JobState.Completed, 0, 10), (job.State, job.Done, job.Failed));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Watch_ARunningJob_ShowsItsStatesInOrder(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Concurrency = 1 });
        var job = await bench.CreateAsync("1,1");
        var seen = new List<(JobState State, long Done)>();
        var step = new SemaphoreSlim(0);
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            await step.WaitAsync(cancellation);
            return new ShardResult(shard.Count, 0);
        };

        await foreach (var now in bench.Jobs.WatchAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None))
        {
            if (seen.Count == 0)
            {
                await bench.StartAsync();
            }

            seen.Add((now.State, now.Done));
            if (now.State == JobState.InProgress)
            {
                step.Release();
            }
        }

        Assert.Equal((JobState.Validating, 0), seen[0]);
        Assert.Contains((JobState.InProgress, 0), seen);
        Assert.Contains((JobState.InProgress, 1), seen);
        Assert.Equal((JobState.Completed, 2), seen[^1]);
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }
}
