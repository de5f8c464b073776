using CtfService.Jobs.Files;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Engine;

/// <summary>Jobs that are cancelled or expire, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class StoppedJobTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Finish_ThatIsPutOffForALifetime_Fails(string database)
    {
        var options = new JobsOptions { Lifetime = TimeSpan.FromSeconds(1) };
        await using var bench = await databases.NewAsync(database, options);
        bench.Handler.Finish = (_, _, _) => throw new FileStoreUnavailableException("requests.jsonl has disappeared.");
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await bench.UntilAsync(() => bench.ShardLog.Collector.GetSnapshot().Any(line => line.Id.Id == JobEventIds.WorkPostponed));
        Assert.Equal(JobState.Finalizing, (await bench.FindAsync(job)).State);
        await bench.PassAsync(TimeSpan.FromSeconds(1.1));

        job = await bench.EndedAsync(job);

        Assert.Equal(
            (JobState.Failed, new JobError("output_failed", "requests.jsonl has disappeared.")), (job.State, Assert.Single(job.Errors)));
        Assert.Empty(await bench.Store.Queue.RecoverAsync(CancellationToken.None));
        Assert.Equal(0, await bench.Store.Sweep.ExpireAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_WhileShardsRun_StopsThemAndKeepsWhatIsDone(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Concurrency = 1 });
        var second = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            if (shard.Number == 1)
            {
                second.SetResult();
                await using var told = cancellation.Register(stopped.SetResult);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return new ShardResult(shard.Count, 0);
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10,10,10");
        await second.Task;

        var answer = await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None);
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(60));
        job = await bench.EndedAsync(job);

        Assert.Equal(JobState.Cancelling, answer!.State);
        Assert.Equal((JobState.Cancelled, 10, 0, "1 of 3"), (job.State, job.Done, job.Failed, job.Result));
        Assert.NotNull(job.CancelRequestedAt);
        Assert.Equal([ShardState.Done, ShardState.Skipped, ShardState.Skipped], (await bench.ShardsAsync(job)).Select(shard => shard.State));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_BeforeThePreparation_EndsTheJobAtOnce(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreateAsync("10");

        var answer = await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None);

        Assert.Equal((JobState.Cancelled, null), (answer!.State, answer.Result));
        Assert.Null(await bench.ClaimAsync("worker"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_WhileThePreparationRuns_EndsTheJobWithoutOutput(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var preparing = new TaskCompletionSource();
        bench.Handler.Prepare = async (_, cancellation) =>
        {
            preparing.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            return new JobPlan([1], 1);
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await preparing.Task;

        await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None);
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Cancelled, null), (job.State, job.Result));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_WhileTheOutputIsPutTogether_LetsTheJobComplete(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var (finishing, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        bench.Handler.Finish = async (_, _, cancellation) =>
        {
            finishing.SetResult();
            await goOn.Task.WaitAsync(cancellation);
            return "all";
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await finishing.Task;

        var answer = await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None);
        goOn.SetResult();
        job = await bench.EndedAsync(job);

        Assert.Equal(JobState.Finalizing, answer!.State);
        Assert.Equal((JobState.Completed, "all"), (job.State, job.Result));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_AJobThatHasEnded_ChangesNothing(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.StartAsync();
        var job = await bench.EndedAsync(await bench.CreateAsync("10"));

        Assert.Equal(job, await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_AJobOfAnotherOwnerOrKind_FindsNone(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreateAsync("10", tenant: "alice");

        Assert.Null(await bench.Jobs.CancelAsync("bob", job.Kind, job.Id, CancellationToken.None));
        Assert.Null(await bench.Jobs.CancelAsync("alice", "other", job.Id, CancellationToken.None));
        Assert.Equal(JobState.Validating, (await bench.FindAsync(job)).State);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Cancel_AndTheWorkerDies_StillEndsTheJob(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreatePreparedAsync("10,10");
        Assert.NotNull(await bench.ClaimAsync("dead"));
        await bench.Jobs.CancelAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None);
        await bench.PassAsync(TimeSpan.FromSeconds(1.1));

        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Cancelled, "0 of 2"), (job.State, job.Result));
        Assert.All(await bench.ShardsAsync(job), shard => Assert.Equal(ShardState.Skipped, shard.State));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_WhoseTimeRunsOut_ExpiresWithWhatIsDone(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Concurrency = 1 });
        var second = new TaskCompletionSource();
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            if (shard.Number == 1)
            {
                second.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return new ShardResult(shard.Count, 0);
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10,10,10", lifetime: TimeSpan.FromSeconds(2));
        await second.Task;

        await bench.PassAsync(TimeSpan.FromSeconds(2));
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Expired, 10, 0, "1 of 3"), (job.State, job.Done, job.Failed, job.Result));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Job_ThatExpiresBeforeItsPreparation_EndsWithoutOutput(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreateAsync("10", lifetime: TimeSpan.FromSeconds(1));
        await bench.PassAsync(TimeSpan.FromSeconds(1.1));

        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Expired, null), (job.State, job.Result));
        Assert.Empty(bench.Handler.Started);
    }
}
