using System.Diagnostics;
using CtfService.Jobs.Databases;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Usage;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.Usage;

/// <summary>Counters whose store goes away.</summary>
[Collection(TestDatabases.Collection)]
public sealed class UsageOutageTests(TestDatabases databases)
{
    private static readonly UsageLimit Limit = new("key studio", "a", Most: 10, TimeSpan.FromHours(1));

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    [Fact]
    public async Task ChargeAsync_StoreFails_CountingGoesOnFromWhatIsKnown()
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 6)]);
        database.Behaviour = Behaviour.Fails;

        var accepted = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 3)]);
        var refused = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 2)]);

        Assert.Equal((null, 9), (accepted.Exceeded, accepted.States[0].Used));
        Assert.Equal(9, refused.Exceeded!.Used);
        Assert.Equal(JobEventIds.UsageUnavailable, Assert.Single(bench.Log.Collector.GetSnapshot()).Id.Id);
        Assert.Equal(1, database.Attempts - 1); // the second charge asked no store
    }

    [Fact]
    public async Task ChargeAsync_StoreIsBack_WhatWasUsedMeanwhileCounts()
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 4)]);
        database.Behaviour = Behaviour.Fails;
        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 3)]);
        database.Behaviour = Behaviour.Works;
        _clock.Advance(RetryInterval);

        var first = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 1)]); // does not wait for the attempt that it causes
        await UntilLoggedAsync(bench, JobEventIds.UsageAvailable);
        var second = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 2)]);
        var third = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 1)]);

        Assert.Equal(8, first.States[0].Used);
        Assert.Equal((null, 10), (second.Exceeded, second.States[0].Used));
        Assert.NotNull(third.Exceeded);
        Assert.Equal(2, bench.Log.Collector.Count);
    }

    [Fact]
    public async Task ReturnAsync_StoreFails_IsGivenBackWhenItIsBack()
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 3)]);
        var receipt = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 6)]);
        database.Behaviour = Behaviour.Fails;
        var returned = await bench.Counters.ReturnAsync(receipt, 5);
        database.Behaviour = Behaviour.Works;
        _clock.Advance(RetryInterval);

        var local = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 0)]);
        await UntilLoggedAsync(bench, JobEventIds.UsageAvailable);

        Assert.Equal((4, 4), (returned.States[0].Used, local.States[0].Used));
        Assert.Equal(4, await UsedAsync(bench.Counters));
        Assert.Equal(4, await UsedInStoreAsync(database));
    }

    [Fact]
    public async Task ReturnAsync_StoreFailsAndItsWindowEnds_ChangesNothing()
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        var receipt = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 6)]);
        database.Behaviour = Behaviour.Fails;
        await bench.Counters.ReturnAsync(receipt, 6);
        database.Behaviour = Behaviour.Works;
        _clock.Advance(Limit.Window);

        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 2)]);
        await UntilLoggedAsync(bench, JobEventIds.UsageAvailable);

        Assert.Equal(2, await UsedAsync(bench.Counters));
        Assert.Equal(2, await UsedInStoreAsync(database));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChargeAndReturn_StoreMakesThemAfterTheRequestWentOn_CountOnce(bool givesBack)
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        var receipt = await bench.Counters.ChargeAsync([new UsageCharge(Limit, 5)]);
        database.Behaviour = Behaviour.IsSlow;

        var late = givesBack ? await bench.Counters.ReturnAsync(receipt, 2) : await bench.Counters.ChargeAsync([new UsageCharge(Limit, 2)]);
        var expected = givesBack ? 3 : 7;
        Assert.Equal(expected, late.States[0].Used);
        database.Behaviour = Behaviour.Works;
        database.Continue.SetResult();
        await UntilLoggedAsync(bench, JobEventIds.UsageAvailable);

        Assert.Equal(expected, await UsedAsync(bench.Counters));
        Assert.Equal(expected, await UsedAsync(bench.Counters)); // the store has been told by now
        Assert.Equal(expected, await UsedInStoreAsync(database));
    }

    [Fact]
    public async Task ChargeAsync_StoreHangs_NoRequestWaitsLongAndOneAsksAgain()
    {
        var database = NewDatabase();
        await using var bench = new UsageBench(database, _clock);
        await bench.Counters.ChargeAsync([new UsageCharge(Limit, 1)]);
        database.Behaviour = Behaviour.Hangs;
        var watch = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => bench.Counters.ChargeAsync([new UsageCharge(Limit, 1)])));
        var first = watch.Elapsed;
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(RetryInterval);
            await bench.Counters.ChargeAsync([new UsageCharge(Limit, 0)]);
        }

        Assert.InRange(first, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(3));
        Assert.InRange(watch.Elapsed - first, TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
        Assert.Equal(1, database.MostAtOnce);
    }

    private static async Task<long> UsedAsync(IUsageCounters counters) => (await counters.ChargeAsync([new UsageCharge(Limit, 0)])).States[0].Used;

    private async Task<long> UsedInStoreAsync(FailingDatabase database)
    {
        await using var other = new UsageBench(database, _clock);
        return await UsedAsync(other.Counters);
    }

    private FailingDatabase NewDatabase() => new(new SqliteDatabase(databases.NewFolder(), _clock));

    private static async Task UntilLoggedAsync(UsageBench bench, int id)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        while (bench.Log.Collector.GetSnapshot().All(record => record.Id.Id != id))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, timeout.Token);
        }
    }

    private enum Behaviour
    {
        Works,
        Fails,
        Hangs,

        /// <summary>Works when it may continue, however long the caller wants to wait.</summary>
        IsSlow,
    }

    private sealed class FailingDatabase(IDatabase works) : IDatabase
    {
        private int _attempts;
        private int _now;

        public Behaviour Behaviour { get; set; }

        public TaskCompletionSource Continue { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Attempts => _attempts;

        public int MostAtOnce { get; private set; }

        public bool Exists => true;

        public bool IsShared => true;

        public async Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _attempts);
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _now));
            try
            {
                return Behaviour switch
                {
                    Behaviour.Fails => throw new JobStoreUnavailableException("It is away."),
                    Behaviour.Hangs => await HangAsync<T>(cancellation),
                    Behaviour.IsSlow => await WaitAndRunAsync(work),
                    _ => await works.RunAsync(work, cancellation),
                };
            }
            finally
            {
                Interlocked.Decrement(ref _now);
            }
        }

        public Task CheckAsync(CancellationToken cancellation) => works.CheckAsync(cancellation);

        public Task ListenAsync(Action<string> changed, CancellationToken cancellation) => Task.CompletedTask;

        public void Dispose() => works.Dispose();

        private async Task<T> WaitAndRunAsync<T>(Func<Session, Task<T>> work)
        {
            await Continue.Task;
            return await works.RunAsync(work, CancellationToken.None);
        }

        private static async Task<T> HangAsync<T>(CancellationToken cancellation)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
            throw new InvalidOperationException("Nothing ends it but the cancellation.");
        }
    }
}
