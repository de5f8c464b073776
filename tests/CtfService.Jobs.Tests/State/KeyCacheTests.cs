using CtfService.Jobs.State;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests.State;

/// <summary>Stored keys in memory: how soon changes are seen, and what happens while the store is away.</summary>
public sealed class KeyCacheTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly FakeKeyStore _store = new();
    private readonly TestMeters _meters = new();
    private readonly FakeLogger<KeyCache> _log = new();
    private readonly KeyCache _cache;

    public KeyCacheTests() => _cache = new KeyCache(_store, new StateMetrics(_meters), _clock, _log);

    public void Dispose()
    {
        _cache.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task Find_AKnownKey_AsksTheStoreOnce()
    {
        _store.Add("studio", secret: 1);

        for (var request = 0; request < 100; request++)
        {
            Assert.Equal("studio", await NameAsync(1));
        }

        Assert.Equal(1, _store.Asked);
    }

    [Fact]
    public async Task Find_AKeyThatAnotherProcessMadeAMomentAgo_IsFound()
    {
        Assert.Null(await NameAsync(1));
        _store.Add("studio", secret: 1);
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("studio", await NameAsync(1));
    }

    [Fact]
    public async Task Find_Guesses_AskTheStoreTenTimesASecond()
    {
        var began = _clock.GetUtcNow();
        for (var guess = 0; guess < 10; guess++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Null(await NameAsync(2));
        }

        Assert.InRange(_store.Asked, 1, 1 + ((_clock.GetUtcNow() - began) / TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task Run_AKeyThatAnotherProcessRevoked_IsUnknownAfterASecond()
    {
        _store.Add("studio", secret: 1);
        await _cache.StartAsync(CancellationToken.None);
        Assert.Equal("studio", await NameAsync(1));
        _store.Remove("studio");

        for (var waited = 0; await NameAsync(1) is not null; waited++)
        {
            Assert.True(waited < 1_000);
            _clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        await _cache.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Find_StoreAway_KnownKeysAreAcceptedForALimitedTimeAndOthersAreNotJudged()
    {
        using var errors = new MetricCollector<long>(_meters, "CtfService", "ctf.state.store_errors");
        _store.Add("studio", secret: 1);
        await NameAsync(1);
        _store.IsAway = true;
        _clock.Advance(KeyCache.LongestOutage);

        Assert.Equal("studio", await NameAsync(1));
        await Assert.ThrowsAsync<KeysUnavailableException>(() => NameAsync(2));
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<KeysUnavailableException>(() => NameAsync(1));
        Assert.NotEmpty(errors.GetMeasurementSnapshot());
        Assert.Single(_log.Collector.GetSnapshot(), entry => entry.Id.Id == JobEventIds.KeysUnavailable);

        _store.IsAway = false;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("studio", await NameAsync(1));
        Assert.Single(_log.Collector.GetSnapshot(), entry => entry.Id.Id == JobEventIds.KeysAvailable);
    }

    [Fact]
    public async Task Find_StoreAway_IsAskedAFewTimesASecondOnly()
    {
        _store.IsAway = true;

        for (var guess = 0; guess < 1_000; guess++)
        {
            await Assert.ThrowsAsync<KeysUnavailableException>(() => NameAsync(2));
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(_store.Asked, 1, 10);
    }

    [Fact]
    public async Task Find_StoreOfOneProcessAway_KnownKeysAreAccepted()
    {
        _store.IsShared = false;
        _store.Add("studio", secret: 1);
        await NameAsync(1);
        _store.IsAway = true;
        _clock.Advance(KeyCache.LongestOutage * 2);

        Assert.Equal("studio", await NameAsync(1));
        Assert.Null(await NameAsync(2)); // only this process could have made it
    }

    [Theory]
    [InlineData(10, null, 10)]
    [InlineData(null, 20, 20)]
    [InlineData(30, 20, 20)]
    public async Task Find_ExpiredKeyOrSecret_IsUnknown(int? key, int? secret, int seconds)
    {
        var now = _clock.GetUtcNow();
        _store.Add("studio", secret: 1, key is { } ofKey ? now.AddSeconds(ofKey) : null, secret is { } ofSecret ? now.AddSeconds(ofSecret) : null);

        _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.Equal("studio", await NameAsync(1));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await NameAsync(1));
    }

    [Fact]
    public async Task Find_AHashWithTheSameBeginning_IsUnknown()
    {
        _store.Add("studio", secret: 1);
        var other = FakeKeyStore.Hash(1);
        other[^1] ^= 1;

        Assert.Null(await _cache.FindAsync(other, CancellationToken.None));
    }

    /// <summary>Finds a key; time passes while the cache waits for it.</summary>
    private async Task<string?> NameAsync(int secret)
    {
        var found = _cache.FindAsync(FakeKeyStore.Hash(secret), CancellationToken.None).AsTask();
        while (!found.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(0.1), TimeProvider.System);
        }

        return (await found)?.Settings.Name;
    }

    /// <summary>A store in memory that can be away.</summary>
    private sealed class FakeKeyStore : IKeyStore
    {
        private readonly List<StoredKey> _keys = [];
        private long _version;

        public bool IsShared { get; set; } = true;

        public bool IsAway { get; set; }

        public int Asked { get; private set; }

        public static byte[] Hash(int secret)
        {
            var hash = new byte[32];
            hash[0] = (byte)secret;
            return hash;
        }

        public void Add(string name, int secret, DateTimeOffset? expiresAt = null, DateTimeOffset? secretExpiresAt = null)
        {
            var stored = new StoredSecret(Convert.ToHexStringLower(Hash(secret)), "ctf_", default, secretExpiresAt);
            _keys.Add(new StoredKey(name, new KeySettings(name, 1, Admin: false, RequestsPerMinute: null), default, expiresAt, [stored]));
            _version++;
        }

        public void Remove(string name)
        {
            _keys.RemoveAll(key => key.Settings.Name == name);
            _version++;
        }

        public Task<StoredKeys?> ListAsync(long? known, CancellationToken cancellation)
        {
            Asked++;
            return IsAway ? throw new JobStoreUnavailableException("away") : Task.FromResult(known == _version ? null : new StoredKeys(_version, [.. _keys]));
        }

        public Task<StoredKey?> CreateAsync(KeySettings settings, DateTimeOffset? expiresAt, NewSecret secret, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<StoredKey?> RotateAsync(string id, NewSecret secret, TimeSpan grace, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<string?> RevokeAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
