using System.Globalization;
using CtfService.Jobs.Databases;
using CtfService.Jobs.State;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Tests.State;

/// <summary>API keys in the tables, on both databases.</summary>
[Collection(TestDatabases.Collection)]
public sealed class SqlKeyStoreTests(TestDatabases databases)
{
    private static readonly CancellationToken Never = CancellationToken.None;

    public static TheoryData<string> Databases => TestDatabases.All;

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Create_AKey_KeepsAllThatWasGiven(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);
        var settings = new KeySettings("studio", 3, Admin: true, RequestsPerMinute: 0)
        {
            ImagesPerMinute = 7,
            ImagesPerDay = 1_000_000_000,
            MayRequestHighPriority = true,
        };
        var expiry = DateTimeOffset.FromUnixTimeSeconds(4_000_000_000);

        var key = (await store.CreateAsync(settings, expiry, Secret(1), Never))!;

        Assert.Equal((settings, expiry), (key.Settings, key.ExpiresAt));
        Assert.Equal((Secret(1).Sha256, Secret(1).Prefix, null), (key.Secrets[0].Sha256, key.Secrets[0].Prefix, key.Secrets[0].ExpiresAt));
        var listed = Assert.Single((await store.ListAsync(known: null, Never))!.Keys);
        Assert.Equal((key.Id, key.Settings, key.CreatedAt), (listed.Id, listed.Settings, listed.CreatedAt));
        Assert.Equal(key.Secrets, listed.Secrets);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Create_StoreIsFull_IsRefusedUntilAKeyIsRevoked(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);
        var settings = new KeySettings("last", 1, Admin: false, RequestsPerMinute: null);
        var first = (await store.CreateAsync(settings with { Name = "first" }, expiresAt: null, Secret(1), Never))!;
        await bench.Database.RunAsync(
            session => session.ExecuteAsync(
                """
                with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < @more)
                insert into api_keys (id, name, weight, admin, created) select 'key_' || n, 'key' || n, 1, 0, 0 from numbers
                """,
                new { more = IKeyStore.MostKeys - 1 }),
            Never);

        await Assert.ThrowsAsync<TooManyKeysException>(() => store.CreateAsync(settings, expiresAt: null, Secret(2), Never));
        await store.RevokeAsync(first.Id, Never);
        Assert.NotNull(await store.CreateAsync(settings, expiresAt: null, Secret(2), Never));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task List_AfterEachChange_HasAnotherVersion(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);
        var versions = new List<long> { (await store.ListAsync(known: null, Never))!.Version };

        var key = (await store.CreateAsync(new KeySettings("a", 1, Admin: false, RequestsPerMinute: null), expiresAt: null, Secret(1), Never))!;
        versions.Add((await store.ListAsync(versions[^1], Never))!.Version);
        await store.RotateAsync(key.Id, Secret(2), TimeSpan.Zero, Never);
        versions.Add((await store.ListAsync(versions[^1], Never))!.Version);
        Assert.Equal("a", await store.RevokeAsync(key.Id, Never));
        var last = (await store.ListAsync(versions[^1], Never))!;

        Assert.Empty(last.Keys);
        Assert.Equal(4, versions.Append(last.Version).Distinct().Count());
        Assert.Null(await store.ListAsync(last.Version, Never));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Create_SimultaneouslyWithOneName_OneSucceeds(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);

        var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => store.CreateAsync(
            new KeySettings(number % 2 == 0 ? "studio" : "Studio", 1, Admin: false, RequestsPerMinute: null), expiresAt: null, Secret(number), Never)));

        Assert.Single(created, key => key is not null);
        Assert.Single(Assert.Single((await store.ListAsync(known: null, Never))!.Keys).Secrets);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Rotate_WithGrace_EndsTheEarlierSecretsLater(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);
        var key = (await store.CreateAsync(new KeySettings("a", 1, Admin: false, RequestsPerMinute: null), expiresAt: null, Secret(1), Never))!;

        var second = (await store.RotateAsync(key.Id, Secret(2), TimeSpan.FromHours(1), Never))!;
        var third = (await store.RotateAsync(key.Id, Secret(3), TimeSpan.FromHours(2), Never))!;
        var fourth = (await store.RotateAsync(key.Id, Secret(4), TimeSpan.Zero, Never))!;

        Assert.Equal([Secret(2).Sha256, Secret(1).Sha256], second.Secrets.Select(secret => secret.Sha256));
        Assert.Null(second.Secrets[0].ExpiresAt);
        Assert.Equal([Secret(3).Sha256, Secret(2).Sha256, Secret(1).Sha256], third.Secrets.Select(secret => secret.Sha256));
        Assert.Equal(second.Secrets[1].ExpiresAt, third.Secrets[2].ExpiresAt); // a later rotation lengthens no life
        Assert.Equal([Secret(4).Sha256], fourth.Secrets.Select(secret => secret.Sha256));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Change_OfAnUnknownOrExpiredKey_IsNothing(string database)
    {
        await using var bench = await databases.NewAsync(database);
        var store = new SqlKeyStore(bench.Database);
        var expired = (await store.CreateAsync(
            new KeySettings("a", 1, Admin: false, RequestsPerMinute: null), DateTimeOffset.FromUnixTimeSeconds(1), Secret(1), Never))!;

        Assert.Null(await store.RotateAsync(expired.Id, Secret(2), TimeSpan.Zero, Never));
        foreach (var id in new[] { "key_unknown", "", "\0", "\ud800" })
        {
            Assert.Null(await store.RotateAsync(id, Secret(3), TimeSpan.Zero, Never));
            Assert.Null(await store.RevokeAsync(id, Never));
        }

        Assert.Single((await store.ListAsync(known: null, Never))!.Keys);
    }

    [Fact]
    public async Task Use_WithoutAFile_CreatesNone()
    {
        var folder = databases.NewFolder();
        using var database = new SqliteDatabase(folder, TimeProvider.System);
        var store = new SqlKeyStore(database);

        Assert.Empty((await store.ListAsync(known: null, Never))!.Keys);
        Assert.Null(await store.RevokeAsync(JobIds.New("key_"), Never));

        Assert.False(Directory.Exists(folder));
    }

    private static NewSecret Secret(int number) => new(number.ToString(CultureInfo.InvariantCulture).PadLeft(64, '0'), $"ctf_{number}");
}
