using CtfService.Api.Idempotency;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Idempotency;

public sealed class MemoryIdempotencyStoreTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task Claim_Completed_ReturnsTheResponseUntilItExpires()
    {
        var store = Store();
        var answer = Remember(store, "k");

        _clock.Advance(Lifetime - TimeSpan.FromSeconds(1));
        Assert.Same(answer, await Assert.IsType<IdempotencyClaim.Taken>(store.Claim(Key("k"), "same")).Response);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<IdempotencyClaim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public void Claim_OtherFingerprint_IsAConflict()
    {
        var store = Store();
        Remember(store, "k");

        Assert.IsType<IdempotencyClaim.OtherRequest>(store.Claim(Key("k"), "different"));
    }

    [Fact]
    public void Claim_SameKeyOfAnotherCaller_IsFree()
    {
        var store = Store();
        Remember(store, "k");

        Assert.IsType<IdempotencyClaim.Free>(store.Claim(new IdempotencyKey("someone else", "k"), "same"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(400)]
    [InlineData(304)]
    [InlineData(null)]
    public async Task Complete_NotSuccessful_FreesTheKeyAndNotifiesWaiters(int? status)
    {
        var store = Store();
        store.Claim(Key("k"), "same");
        var waiting = Assert.IsType<IdempotencyClaim.Taken>(store.Claim(Key("k"), "same"));

        store.Complete(Key("k"), status is { } code ? new StoredResponse(code, [], []) : null);

        Assert.Null(await waiting.Response);
        Assert.IsType<IdempotencyClaim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public void Complete_AboveTheByteLimit_RemovesTheOldest()
    {
        var each = Answer().Bytes;
        var store = Store(maxBytes: 2 * each);
        Remember(store, "a");
        Remember(store, "b");
        Remember(store, "c");

        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(Key("b"), "same"));
        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(Key("c"), "same"));
        Assert.IsType<IdempotencyClaim.Free>(store.Claim(Key("a"), "same"));
    }

    [Theory]
    [InlineData("key a", "key b")]
    [InlineData("address 192.0.2.1", "address 192.0.2.2")]
    [InlineData("address 192.0.2.1", "key b")]
    public void Complete_OneCallerFloods_OthersKeepTheirResponses(string flooding, string quiet)
    {
        var store = Store(maxBytes: 4 * Answer().Bytes);
        Remember(store, new IdempotencyKey(quiet, "mine"));

        for (var i = 0; i < 20; i++)
        {
            Remember(store, new IdempotencyKey(flooding, $"{i}"));
        }

        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(new IdempotencyKey(quiet, "mine"), "same"));
        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(new IdempotencyKey(flooding, "19"), "same"));
        Assert.IsType<IdempotencyClaim.Free>(store.Claim(new IdempotencyKey(flooding, "0"), "same"));
    }

    [Fact]
    public void Complete_ManyAddressesFlood_AKeyKeepsItsResponses()
    {
        var store = Store(maxBytes: 4 * Answer().Bytes);
        Remember(store, new IdempotencyKey("key a", "1"));
        Remember(store, new IdempotencyKey("key a", "2"));

        for (var i = 0; i < 20; i++)
        {
            Remember(store, new IdempotencyKey($"address 192.0.2.{i}", "x"));
        }

        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(new IdempotencyKey("key a", "1"), "same"));
        Assert.IsType<IdempotencyClaim.Taken>(store.Claim(new IdempotencyKey("key a", "2"), "same"));
    }

    [Fact]
    public async Task Complete_NoRoom_StillCompletesWaiters()
    {
        var store = Store(maxBytes: 0);
        store.Claim(Key("k"), "same");
        var waiting = Assert.IsType<IdempotencyClaim.Taken>(store.Claim(Key("k"), "same"));
        var answer = Answer();

        store.Complete(Key("k"), answer);

        Assert.Same(answer, await waiting.Response);
        Assert.IsType<IdempotencyClaim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public async Task Claim_ManyAtOnce_FreesExactlyOne()
    {
        var store = Store();
        var claims = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => store.Claim(Key("k"), "same"))));

        Assert.Single(claims, claim => claim is IdempotencyClaim.Free);
    }

    [Fact]
    public void Bytes_Response_CountsBodyAndHeaders()
    {
        var small = new StoredResponse(200, [], []);
        var large = new StoredResponse(200, [new("name", "value")], new byte[100]);

        Assert.Equal(small.Bytes + 100 + (2 * 9), large.Bytes);
    }

    private static StoredResponse Answer() => new(200, [], new byte[1_000]);

    private static IdempotencyKey Key(string key) => new("", key);

    private static StoredResponse Remember(MemoryIdempotencyStore store, string key) => Remember(store, Key(key));

    private static StoredResponse Remember(MemoryIdempotencyStore store, IdempotencyKey key)
    {
        var answer = Answer();
        store.Claim(key, "same");
        store.Complete(key, answer);
        return answer;
    }

    private MemoryIdempotencyStore Store(long maxBytes = 1 << 20) => new(new IdempotencyOptions { Lifetime = Lifetime, MaxBytes = maxBytes }, _clock);
}
