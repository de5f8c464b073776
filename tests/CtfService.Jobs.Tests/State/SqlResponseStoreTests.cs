using CtfService.Jobs.Databases;
using CtfService.Jobs.State;
using CtfService.Jobs.Tests.Databases;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.State;

/// <summary>Stored responses in the tables, on both databases. Two stores stand for two processes.</summary>
[Collection(TestDatabases.Collection)]
public sealed class SqlResponseStoreTests(TestDatabases databases)
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AfterTheLease = TimeSpan.FromSeconds(2.1);

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly RepeatableRequest Request = new("key studio", "k", "key studio", "print");

    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_ByOthers_RunsUntilItIsAnswered(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        var response = new ResponseContent(201, """{"ETag":["a"]}""", [0, 1, 255]);

        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "one"));
        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "one")); // the answer to the first claim was lost
        Assert.IsType<ResponseClaim.Running>(await ClaimAsync(store, "other"));
        Assert.IsType<ResponseClaim.OtherRequest>(await ClaimAsync(store, "other", Request with { Fingerprint = "different" }));
        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "third", Request with { Caller = "someone else" }));
        Assert.IsType<ResponseClaim.Owned>(await CompleteAsync(store, "one", response));

        var answered = Assert.IsType<ResponseClaim.Answered>(await ClaimAsync(store, "other")).Response;
        Assert.Equal((response.Status, response.Headers), (answered.Status, answered.Headers));
        Assert.Equal(response.Body, answered.Body);
        Assert.IsType<ResponseClaim.OtherRequest>(await ClaimAsync(store, "other", Request with { Fingerprint = "different" }));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_ByManyAtOnce_IsOwnedByOne(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var stores = new[] { new SqlResponseStore(bench.Database), new SqlResponseStore(bench.Database) };
        await ClaimAsync(stores[0], "earlier", Request with { Key = "creates the tables" });
        await ClaimAsync(stores[1], "earlier", Request with { Key = "creates the tables" });

        var claims = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => ClaimAsync(stores[number % 2], $"{number}")));

        Assert.Single(claims.OfType<ResponseClaim.Owned>());
        Assert.Equal(39, claims.OfType<ResponseClaim.Running>().Count());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Claim_WhoseOwnerDisappears_GoesToOneOther(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "dead");
        await bench.PassAsync(AfterTheLease);

        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => ClaimAsync(store, $"{number}")));

        Assert.Single(claims.OfType<ResponseClaim.Owned>());
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Renew_AClaim_KeepsIt(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "one");
        for (var time = 0; time < 3; time++)
        {
            await bench.PassAsync(Lease / 2);
            await store.RenewAsync(["one", "unknown"], Lease, Never);
        }

        Assert.IsType<ResponseClaim.Running>(await ClaimAsync(store, "other"));
        await bench.PassAsync(AfterTheLease);
        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "other"));
        await store.RenewAsync(["one"], Lease, Never);
        await bench.PassAsync(AfterTheLease);
        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "third"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Complete_AfterASuccessorHasAnswered_ReturnsTheAnswerOfTheSuccessor(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "late");
        await bench.PassAsync(AfterTheLease);
        await ClaimAsync(store, "successor");
        await CompleteAsync(store, "successor", Content("successor"));

        var late = Assert.IsType<ResponseClaim.Answered>(await CompleteAsync(store, "late", Content("late")));

        Assert.Equal("successor", late.Response.Headers);
        Assert.Equal("successor", Assert.IsType<ResponseClaim.Answered>(await ClaimAsync(store, "third")).Response.Headers);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Complete_WhileASuccessorRuns_IsTheAnswerOfBoth(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "late");
        await bench.PassAsync(AfterTheLease);
        await ClaimAsync(store, "successor");

        Assert.IsType<ResponseClaim.Owned>(await CompleteAsync(store, "late", Content("late")));
        await store.ReleaseAsync(Request, "successor", Never); // ends nothing any more

        var successor = Assert.IsType<ResponseClaim.Answered>(await CompleteAsync(store, "successor", Content("successor")));
        Assert.Equal("late", successor.Response.Headers);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Complete_AfterAnotherRequestTookTheKey_IsRefused(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "late");
        await bench.PassAsync(AfterTheLease);
        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "other", Request with { Fingerprint = "different" }));

        Assert.IsType<ResponseClaim.OtherRequest>(await CompleteAsync(store, "late", Content("late")));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Complete_AfterTheClaimWasSwept_IsStored(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "late");
        await bench.PassAsync(AfterTheLease);
        await store.SweepAsync(long.MaxValue, Never);
        Assert.Equal(0, await CountAsync(bench.Database));

        Assert.IsType<ResponseClaim.Owned>(await CompleteAsync(store, "late", Content("late")));
        Assert.IsType<ResponseClaim.Answered>(await ClaimAsync(store, "other"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Release_AClaim_FreesTheKeyAtOnce(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "one");
        await store.ReleaseAsync(Request, "someone else", Never);
        Assert.IsType<ResponseClaim.Running>(await ClaimAsync(store, "other"));

        await store.ReleaseAsync(Request, "one", Never);

        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "other"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Response_AfterItsLifetime_IsForgottenAndSwept(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "one");
        await store.CompleteAsync(Request, "one", Content("one"), 1_000, Lease, Never);
        await bench.PassAsync(AfterTheLease);

        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "other", Request with { Fingerprint = "different" }));
        await bench.PassAsync(AfterTheLease);
        await store.SweepAsync(long.MaxValue, Never);

        Assert.Equal(0, await CountAsync(bench.Database));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Sweep_TooManyBytes_DeletesTheOldestOfTheCallerWithTheMost(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await StoreAsync(store, "key quiet", "key quiet", 2);
        await StoreAsync(store, "key loud", "key loud", 120);
        for (var address = 0; address < 60; address++)
        {
            await StoreAsync(store, $"address {address}", "address ", 1);
        }

        await store.SweepAsync(10_000, Never);
        await store.SweepAsync(10_000, Never);

        Assert.Equal(10, await CountAsync(bench.Database));
        Assert.Equal([0, 1], await NumbersAsync(bench.Database, "key quiet"));
        Assert.Equal([116, 117, 118, 119], await NumbersAsync(bench.Database, "key loud"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Sweep_WhileRequestsRun_LeavesTheirClaims(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        await ClaimAsync(store, "one");

        await store.SweepAsync(maxBytes: 0, Never);

        Assert.IsType<ResponseClaim.Running>(await ClaimAsync(store, "other"));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Response_OfManyMegabytes_IsStoredWhole(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlResponseStore(bench.Database);
        var body = new byte[20_000_000];
        new Random(1).NextBytes(body);
        await ClaimAsync(store, "one");
        await CompleteAsync(store, "one", new ResponseContent(200, "{}", body));

        var answered = Assert.IsType<ResponseClaim.Answered>(await ClaimAsync(store, "other"));
        Assert.True(body.AsSpan().SequenceEqual(answered.Response.Body));
    }

    [Fact]
    public async Task Claim_OfAnEarlierStart_EndsWithoutOtherProcesses()
    {
        var (folder, clock) = (databases.NewFolder(), new FakeTimeProvider());
        using (var earlier = new SqliteDatabase(folder, clock))
        {
            await ClaimAsync(new SqlResponseStore(earlier), "dead");
        }

        using var database = new SqliteDatabase(folder, clock);
        var store = new SqlResponseStore(database);

        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "one"));
        Assert.IsType<ResponseClaim.Running>(await ClaimAsync(store, "other"));
    }

    [Fact]
    public async Task Claim_AfterTheClockWasSetBack_EndsNotLaterThanItsLease()
    {
        var clock = new FakeTimeProvider();
        using var database = new SqliteDatabase(databases.NewFolder(), clock);
        var store = new SqlResponseStore(database);
        await ClaimAsync(store, "one");
        clock.AdjustTime(clock.GetUtcNow() - TimeSpan.FromDays(1));

        Assert.IsType<ResponseClaim.Owned>(await ClaimAsync(store, "other"));
    }

    [Fact]
    public async Task Sweep_WithoutAFile_CreatesNone()
    {
        var folder = databases.NewFolder();
        using var database = new SqliteDatabase(folder, TimeProvider.System);

        await new SqlResponseStore(database).SweepAsync(maxBytes: 0, Never);

        Assert.False(Directory.Exists(folder));
    }

    private static Task<ResponseClaim> ClaimAsync(SqlResponseStore store, string owner, RepeatableRequest? request = null) =>
        store.ClaimAsync(request ?? Request, owner, Lease, Never);

    private static Task<ResponseClaim> CompleteAsync(SqlResponseStore store, string owner, ResponseContent response) =>
        store.CompleteAsync(Request, owner, response, 1_000, Lifetime, Never);

    private static ResponseContent Content(string name) => new(200, name, []);

    /// <summary>Stores responses of 1,000 bytes.</summary>
    private static async Task StoreAsync(SqlResponseStore store, string caller, string group, int count)
    {
        for (var number = 0; number < count; number++)
        {
            var lifetime = Lifetime + TimeSpan.FromMilliseconds(number); // SQLite has a fake clock, and the order must be known
            await store.CompleteAsync(new RepeatableRequest(caller, $"{number}", group, "print"), "one", Content("one"), 1_000, lifetime, Never);
        }
    }

    private static Task<long> CountAsync(IDatabase database) => database.RunAsync(session => session.FirstAsync<long>("select count(*) from responses"), Never);

    private static async Task<List<int>> NumbersAsync(IDatabase database, string caller) => [.. (await database.RunAsync(
        session => session.ListAsync<string>("select request_key from responses where caller = @caller", new { caller }), Never))
        .Select(key => int.Parse(key, System.Globalization.CultureInfo.InvariantCulture)).Order()];
}
