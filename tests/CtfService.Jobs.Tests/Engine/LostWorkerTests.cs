using System.Collections.Concurrent;
using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Engine;

/// <summary>Workers that die, stop or lose their leases, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class LostWorkerTests(TestDatabases databases)
{
    /// <summary>Longer than the lease of the tests.</summary>
    private static readonly TimeSpan OverALease = TimeSpan.FromSeconds(1.1);

    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_WhoseWorkerDied_IsDoneByAnotherAfterTheLease(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.Store.Queue.RecoverAsync(CancellationToken.None); // the first start of the process is over
        var job = await bench.CreatePreparedAsync("10");
        var dead = (await bench.ClaimAsync("dead"))!;
        Assert.Empty(await bench.Store.Queue.RecoverAsync(CancellationToken.None));
        await bench.PassAsync(OverALease);

        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Completed, 10, 0), (job.State, job.Done, job.Failed));
        Assert.Equal(1, (await bench.ShardsAsync(job))[0].Attempts); // the loss was none
        Assert.False(await bench.Store.Queue.DoneAsync(dead, new ShardResult(10, 0), CancellationToken.None)); // late, and not counted twice
        Assert.Equal(10, (await bench.FindAsync(job)).Done);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Preparation_WhoseWorkerDied_IsDoneByAnother(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreateAsync("10");
        Assert.Equal(Phase.Preparation, (await bench.ClaimAsync("dead"))!.Phase);
        await bench.PassAsync(OverALease);

        await bench.StartAsync();

        Assert.Equal(JobState.Completed, (await bench.EndedAsync(job)).State);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Finish_WhoseWorkerDied_IsDoneByAnother(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreatePreparedAsync("10");
        await bench.Store.Queue.DoneAsync((await bench.ClaimAsync("dead"))!, new ShardResult(10, 0), CancellationToken.None);
        Assert.Equal(Phase.Finish, (await bench.ClaimAsync("dead"))!.Phase);
        await bench.PassAsync(OverALease);

        await bench.StartAsync();

        Assert.Equal((JobState.Completed, "1 of 1"), ((await bench.EndedAsync(job)).State, (await bench.FindAsync(job)).Result));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_ThatKillsItsWorkers_IsGivenUpAfterFive(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var job = await bench.CreatePreparedAsync("10,10");
        for (var worker = 1; worker <= 5; worker++)
        {
            var claim = (await bench.ClaimAsync($"dead{worker}"))!;
            Assert.Equal((0, 1), (claim.Shard.Number, claim.Shard.Attempts));
            await bench.PassAsync(OverALease);
            await bench.Store.Queue.RecoverAsync(CancellationToken.None);
        }

        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Completed, 10, 10, "1 of 2"), (job.State, job.Done, job.Failed, job.Result));
        Assert.Contains("disappeared", (await bench.ShardsAsync(job))[0].Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Shard_ThatWasLost_RunsAlone(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Lease = TimeSpan.FromSeconds(1), Concurrency = 2 });
        var job = await bench.CreatePreparedAsync("1,1,1,1");
        Assert.NotNull(await bench.ClaimAsync("dead"));
        Assert.NotNull(await bench.ClaimAsync("dead"));
        await bench.PassAsync(OverALease);
        var running = 0;
        var neighbours = new ConcurrentQueue<int>();
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            Interlocked.Increment(ref running);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation); // time for a neighbour to start
            var others = Interlocked.Decrement(ref running);
            if (shard.Number < 2)
            {
                neighbours.Enqueue(others);
            }

            return new ShardResult(shard.Count, 0);
        };

        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((4, 0), (job.Done, job.Failed));
        Assert.Equal([0, 0], neighbours);
        Assert.Equal([1, 1, 1, 1], (await bench.ShardsAsync(job)).Select(shard => shard.Attempts));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_OfALostShardByABusyWorker_IsPutOff(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync("1,1");
        Assert.NotNull(await bench.ClaimAsync("dead"));
        await bench.PassAsync(OverALease);
        await bench.Store.Queue.RecoverAsync(CancellationToken.None);

        var busy = await bench.Store.Queue.ClaimAsync("busy", ",test,", isIdle: false, CancellationToken.None);
        var idle = await bench.Store.Queue.ClaimAsync("idle", ",test,", isIdle: true, CancellationToken.None);

        Assert.Equal((null, true), (busy.Claim, busy.MustRunAlone));
        Assert.Equal((0, true), (idle.Claim!.Shard.Number, idle.MustRunAlone));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Lease_ThatIsLost_StopsTheHandlerAndCountsOnce(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var (started, stopped) = (new TaskCompletionSource(), new TaskCompletionSource());
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            if (started.TrySetResult())
            {
                await using var told = cancellation.Register(stopped.SetResult);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return new ShardResult(shard.Count, 0);
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60));

        // Again if the worker renewed the lease in between. The worker may also be the one that finds it lost.
        await bench.UntilAsync(async () =>
        {
            await bench.Database.RunAsync(session => session.ExecuteAsync("update shards set lease_until = 0"), CancellationToken.None);
            await bench.Store.Queue.RecoverAsync(CancellationToken.None);
            return await bench.Database.RunAsync(
                session => session.FirstAsync<long>("select coalesce(max(losses), 0) from shards"), CancellationToken.None) > 0;
        });
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(30));
        job = await bench.EndedAsync(job);

        Assert.Equal((JobState.Completed, 10, 0), (job.State, job.Done, job.Failed));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Heartbeat_OfALongShard_KeepsItsLease(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var (started, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            started.SetResult();
            await goOn.Task.WaitAsync(cancellation);
            return new ShardResult(shard.Count, 0);
        };
        await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60));

        for (var third = 0; third < 8; third++)
        {
            var before = await LeaseAsync(bench);
            await bench.PassAsync(TimeSpan.FromSeconds(0.4));
            await bench.UntilAsync(async () => await LeaseAsync(bench) > before);
        }

        Assert.Empty(await bench.Store.Queue.RecoverAsync(CancellationToken.None));
        goOn.SetResult();
        Assert.Equal((JobState.Completed, 1), ((await bench.EndedAsync(job)).State, (await bench.ShardsAsync(job))[0].Attempts));
    }

    /// <summary>The connection may break after a claim was made and before the worker hears of it.</summary>
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Heartbeat_OfABusyWorker_ExtendsNoClaimThatItDoesNotKnow(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync("1,1");
        await bench.Store.Queue.RecoverAsync(CancellationToken.None);
        Assert.NotNull(await bench.ClaimAsync("worker"));
        var known = (await bench.ClaimAsync("worker"))!;
        await bench.PassAsync(OverALease);

        await bench.Store.Queue.RenewAsync("worker", [known.Key], CancellationToken.None);

        Assert.Single(await bench.Store.Queue.RecoverAsync(CancellationToken.None));
        Assert.True(await bench.Store.Queue.DoneAsync(known, new ShardResult(1, 0), CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Stop_InTheMiddleOfAShard_GivesItBackWithoutAnAttempt(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var started = new TaskCompletionSource();
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            if (started.TrySetResult())
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            }

            return new ShardResult(shard.Count, 0);
        };
        var first = await bench.StartAsync();
        var job = await bench.CreateAsync("10");
        await started.Task.WaitAsync(TimeSpan.FromSeconds(60));

        await first.StopAsync(CancellationToken.None);
        var given = (await bench.ShardsAsync(job))[0];
        await bench.StartAsync();
        job = await bench.EndedAsync(job);

        Assert.Equal((ShardState.Ready, 0), (given.State, given.Attempts));
        Assert.Equal((JobState.Completed, 1), (job.State, (await bench.ShardsAsync(job))[0].Attempts));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Workers_ThatClaimTogether_GetEachShardOnce(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync(string.Join(',', Enumerable.Repeat("1", 120)));

        var claims = await Task.WhenAll(Enumerable.Range(0, 6).Select(async worker =>
        {
            var numbers = new List<int>();
            while (await bench.ClaimAsync($"worker{worker}") is { } claim)
            {
                numbers.Add(claim.Shard.Number);
            }

            return numbers;
        }));

        Assert.Equal(Enumerable.Range(0, 120), claims.SelectMany(numbers => numbers).Order());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Workers_ThatShareAJob_CountEachItemOnce(string database)
    {
        await using var bench = await databases.NewAsync(database, new JobsOptions { Concurrency = 4 });
        await bench.StartAsync();
        await bench.StartAsync();

        var jobs = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => bench.CreateAsync(string.Join(',', Enumerable.Repeat("3", 20)))));
        foreach (var job in jobs)
        {
            var ended = await bench.EndedAsync(job);
            Assert.Equal((JobState.Completed, 60, 0, "20 of 20"), (ended.State, ended.Done, ended.Failed, ended.Result));
        }

        Assert.Equal(100, bench.Handler.Started.Distinct().Count());
        Assert.Equal(100, bench.Handler.Started.Count);
    }

    private static Task<long> LeaseAsync(JobsBench bench) => bench.Database.RunAsync(
        session => session.FirstAsync<long>("select coalesce(max(lease_until), 0) from shards where state = 'running'"), CancellationToken.None);
}
