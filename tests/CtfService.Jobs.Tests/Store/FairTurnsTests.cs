using CtfService.Jobs.Store;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.Store;

/// <summary>Whose turn it is, on both databases: one worker claims and ends one piece of work after the other.</summary>
[Collection(TestDatabases.Collection)]
public sealed class FairTurnsTests(TestDatabases databases)
{
    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task SmallJob_OfAnotherTenant_WaitsForTheRunningShardOnly(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync(Shards(390), tenant: "large");
        await ServeAsync(bench, 5);
        var running = (await bench.ClaimAsync("worker"))!;
        var small = await bench.CreateAsync("10", tenant: "small");
        await EndAsync(bench, running);

        Assert.Equal([(small.Id, Phase.Preparation), (small.Id, Phase.Shard), (small.Id, Phase.Finish)], await ServeAsync(bench, 3));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task SmallJob_OfTheSameTenant_WaitsForTheRunningShardOnly(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync(Shards(390));
        await ServeAsync(bench, 5);
        var running = (await bench.ClaimAsync("worker"))!;
        var small = await bench.CreateAsync("10");
        await EndAsync(bench, running);

        Assert.Equal([(small.Id, Phase.Preparation), (small.Id, Phase.Shard), (small.Id, Phase.Finish)], await ServeAsync(bench, 3));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task LargeJob_AmongAStreamOfSmallOnes_KeepsItsTurns(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var large = await bench.CreatePreparedAsync(Shards(20));
        var served = new List<(string Job, Phase Phase)>();

        for (var small = 0; small < 8; small++)
        {
            await bench.CreateAsync("10");
            served.AddRange(await ServeAsync(bench, 4)); // three of the small job, one of the large one
        }

        Assert.InRange(served.Count(work => work.Job == large.Id), 6, 9);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Tenants_WithWeights_ShareImagesByWeight(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var light = await bench.CreatePreparedAsync(Shards(100), tenant: "light", weight: 1);
        var heavy = await bench.CreatePreparedAsync(Shards(100), tenant: "heavy", weight: 3);

        var served = await ServeAsync(bench, 80);

        Assert.InRange(served.Count(work => work.Job == heavy.Id), 59, 61);
        Assert.InRange(served.Count(work => work.Job == light.Id), 19, 21);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Tenants_WithShardsOfDifferentSize_ShareImagesEqually(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var small = await bench.CreatePreparedAsync(string.Join(',', Enumerable.Repeat(16, 200)), tenant: "small shards");
        var large = await bench.CreatePreparedAsync(Shards(200), tenant: "large shards");

        var served = await ServeAsync(bench, 90);

        Assert.InRange(served.Count(work => work.Job == small.Id) * 16.0 / (served.Count(work => work.Job == large.Id) * 128), 0.8, 1.25);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Tenant_ThatWasIdle_HasSavedNothingUp(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreatePreparedAsync("128", tenant: "idle");
        await ServeAsync(bench, 2);
        await bench.CreatePreparedAsync(Shards(200), tenant: "busy");
        await ServeAsync(bench, 50);
        var back = await bench.CreatePreparedAsync(Shards(200), tenant: "idle");

        var served = await ServeAsync(bench, 20);

        Assert.InRange(served.Count(work => work.Job == back.Id), 9, 11);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Tenant_ThatWorkedAloneForLong_IsNotPunishedForIt(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var busy = await bench.CreatePreparedAsync(Shards(200), tenant: "busy");
        await ServeAsync(bench, 50);
        await bench.CreatePreparedAsync(Shards(200), tenant: "new");

        var served = await ServeAsync(bench, 20);

        Assert.InRange(served.Count(work => work.Job == busy.Id), 9, 11);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_ByAWorkerThatKnowsOtherKinds_FindsNothing(string database)
    {
        await using var bench = await databases.NewAsync(database);
        await bench.CreateAsync("10");

        Assert.Null((await bench.Store.Queue.ClaimAsync("worker", ",batch,dataset,", isIdle: true, CancellationToken.None)).Claim);
    }

    private static string Shards(int count) => string.Join(',', Enumerable.Repeat(128, count));

    /// <summary>Claims and ends work. Returns what it was.</summary>
    private static async Task<IReadOnlyList<(string Job, Phase Phase)>> ServeAsync(JobsBench bench, int count)
    {
        var served = new List<(string, Phase)>();
        for (var work = 0; work < count; work++)
        {
            var claim = (await bench.ClaimAsync("worker"))!;
            served.Add((claim.Job.Id, claim.Phase));
            await EndAsync(bench, claim);
        }

        return served;
    }

    private static Task<bool> EndAsync(JobsBench bench, Claim claim) => claim.Phase switch
    {
        Phase.Preparation => bench.Store.Queue.PreparedAsync(claim, FakeJobHandler.PlanOf(claim.Job), CancellationToken.None),
        Phase.Finish => bench.Store.Queue.FinishedAsync(claim, "{}", CancellationToken.None),
        _ => bench.Store.Queue.DoneAsync(claim, new ShardResult(claim.Shard.Count, 0), CancellationToken.None),
    };
}
