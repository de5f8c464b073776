using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Usage;

namespace CtfService.Jobs.Tests.Usage;

/// <summary>What holds wherever use is counted: in memory, in SQLite, in PostgreSQL.</summary>
[Collection(TestDatabases.Collection)]
public sealed class UsageCountersTests(TestDatabases databases)
{
    private const string Memory = "memory";

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Places { get; } = [Memory, .. TestDatabases.All.Cast<object[]>().Select(row => (string)row[0])];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ChargeAsync_ManyAtOnce_AcceptsExactlyTheLimit(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var limit = Limit("a", most: 20);

        var receipts = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => bench.Counters.ChargeAsync([new UsageCharge(limit, 1)]))));

        Assert.Equal(20, receipts.Count(receipt => receipt.Exceeded is null));
        Assert.Equal(Enumerable.Range(1, 20), receipts.Where(receipt => receipt.Exceeded is null).Select(receipt => (int)receipt.States[0].Used).Order());
        Assert.All(receipts.Where(receipt => receipt.Exceeded is not null), receipt => Assert.InRange(receipt.Exceeded!.Reset, TimeSpan.Zero, Window));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ChargeAsync_WindowEnds_CountsAnewFromTheNextUse(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var limit = Limit("a", most: 3);
        Assert.Null((await bench.Counters.ChargeAsync([new UsageCharge(limit, 3)])).Exceeded);
        Assert.NotNull((await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)])).Exceeded);

        await bench.PassAsync(Window);
        var asked = await bench.Counters.ChargeAsync([new UsageCharge(limit, 0)]);
        await bench.PassAsync(Window / 2); // a look starts no window
        var used = await bench.Counters.ChargeAsync([new UsageCharge(limit, 3)]);

        Assert.Equal((0, TimeSpan.Zero), (asked.States[0].Used, asked.States[0].Reset));
        Assert.Null(used.Exceeded);
        Assert.InRange(used.States[0].Reset, Window * 0.75, Window);
        Assert.NotNull((await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)])).Exceeded);
    }

    [Theory]
    [InlineData(Memory)]
    [InlineData(TestDatabases.Sqlite)]
    public async Task ChargeAsync_AtTheBordersOfAWindow_IsExact(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var limit = Limit("a", most: 1);
        await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)]);

        await bench.PassAsync(Window - TimeSpan.FromMilliseconds(1));
        var before = await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)]);
        await bench.PassAsync(TimeSpan.FromMilliseconds(1));
        var after = await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)]);

        Assert.Equal(TimeSpan.FromMilliseconds(1), before.Exceeded!.Reset);
        Assert.Null(after.Exceeded);
        Assert.Equal(Window, after.States[0].Reset);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ChargeAsync_OneOfTwoLimitsIsFull_ChargesNoneAndNamesTheLaterOne(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var (small, large, later) = (Limit("a", most: 2), Limit("b", most: 10), Limit("c", most: 2) with { Window = TimeSpan.FromDays(1) });
        await bench.Counters.ChargeAsync([new UsageCharge(small, 2), new UsageCharge(large, 2), new UsageCharge(later, 2)]);

        var refused = await bench.Counters.ChargeAsync([new UsageCharge(small, 1), new UsageCharge(large, 1), new UsageCharge(later, 1)]);

        Assert.Equal("c", refused.Exceeded!.Limit.Name);
        Assert.Equal([2L, 2L, 2L], refused.States.Select(state => state.Used));
        Assert.Equal([0L, 8L, 0L], refused.States.Select(state => state.Left));
        Assert.Null((await bench.Counters.ChargeAsync([new UsageCharge(large, 8)])).Exceeded);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ReturnAsync_InTheSameWindow_CanBeUsedAgain(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        UsageCharge[] charges = [new(Limit("a", most: 4), 4), new(Limit("b", most: 100), 4), new(Limit("c", most: 1), 0)];
        var receipt = await bench.Counters.ChargeAsync(charges);

        var returned = await bench.Counters.ReturnAsync(receipt, 3);

        Assert.Equal([1L, 1L, 0L], returned.States.Select(state => state.Used));
        Assert.Null((await bench.Counters.ChargeAsync([new UsageCharge(charges[0].Limit, 3)])).Exceeded);
        Assert.NotNull((await bench.Counters.ChargeAsync([new UsageCharge(charges[0].Limit, 1)])).Exceeded);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ReturnAsync_InALaterWindow_ChangesNothing(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var limit = Limit("a", most: 4);
        var receipt = await bench.Counters.ChargeAsync([new UsageCharge(limit, 4)]);
        await bench.PassAsync(Window);
        await bench.Counters.ChargeAsync([new UsageCharge(limit, 4)]);

        await bench.Counters.ReturnAsync(receipt, 4);

        Assert.NotNull((await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)])).Exceeded);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ReturnAsync_AfterARefusal_ChangesNothing(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        var limit = Limit("a", most: 4);
        await bench.Counters.ChargeAsync([new UsageCharge(limit, 4)]);

        await bench.Counters.ReturnAsync(await bench.Counters.ChargeAsync([new UsageCharge(limit, 4)]), 4);

        Assert.NotNull((await bench.Counters.ChargeAsync([new UsageCharge(limit, 1)])).Exceeded);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ChargeAsync_LimitWasLowered_LeavesNothingAndRefuses(string place)
    {
        await using var bench = await UsageBench.NewAsync(databases, place);
        await bench.Counters.ChargeAsync([new UsageCharge(Limit("a", most: 10), 8)]);

        var lowered = await bench.Counters.ChargeAsync([new UsageCharge(Limit("a", most: 5), 1)]);

        Assert.Equal((8, 0), (lowered.Exceeded!.Used, lowered.Exceeded.Left));
    }

    [Fact]
    public async Task ChargeAsync_ManyCountersWhoseWindowsEnded_AreDroppedFromMemory()
    {
        await using var bench = await UsageBench.NewAsync(databases, Memory);
        var memory = (MemoryUsageCounters)bench.Counters;
        for (var round = 0; round < 5; round++)
        {
            for (var owner = 0; owner < 5_000; owner++)
            {
                await memory.ChargeAsync([new UsageCharge(new UsageLimit($"{round} {owner}", "a", Most: 1, Window), 1)]);
            }

            await bench.PassAsync(Window);
        }

        Assert.InRange(memory.Count, 1, 10_000);
    }

    [PostgresFact]
    public async Task ChargeAsync_TwoProcessesOnOneDatabase_TogetherAcceptExactlyTheLimit()
    {
        var schema = await databases.NewSchemaAsync();
        await using var one = UsageBench.OnPostgres(schema);
        await using var other = UsageBench.OnPostgres(schema);
        UsageLimit[] limits = [.. new[] { "a", "b", "c" }.Select(name => Limit(name, most: 300) with { Window = TimeSpan.FromHours(1) })];

        // Each charge takes the limits in another order, so that careless locks would meet.
        var receipts = await Task.WhenAll(Enumerable.Range(0, 400).Select(number => Task.Run(() =>
        {
            var charges = limits.Skip(number % 3).Concat(limits.Take(number % 3)).Select(limit => new UsageCharge(limit, 1));
            return (number % 2 == 0 ? one : other).Counters.ChargeAsync([.. charges]);
        })));

        Assert.Equal(300, receipts.Count(receipt => receipt.Exceeded is null));
        Assert.All([one, other], bench => Assert.Empty(bench.Log.Collector.GetSnapshot()));
    }

    private static UsageLimit Limit(string name, long most) => new("key studio", name, most, Window);
}
