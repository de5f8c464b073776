using CtfService.Api.Idempotency;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Idempotency;

public sealed class AnswerStoreTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task Claim_Answered_GivesTheAnswerUntilItsTimeIsOver()
    {
        var store = Store();
        var answer = Remember(store, "k");

        _clock.Advance(Lifetime - TimeSpan.FromSeconds(1));
        Assert.Same(answer, await Assert.IsType<Claim.Taken>(store.Claim(Key("k"), "same")).Answer);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<Claim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public void Claim_OtherFingerprint_IsAnotherRequest()
    {
        var store = Store();
        Remember(store, "k");

        Assert.IsType<Claim.OtherRequest>(store.Claim(Key("k"), "different"));
    }

    [Fact]
    public void Claim_SameKeyOfAnotherCaller_IsFree()
    {
        var store = Store();
        Remember(store, "k");

        Assert.IsType<Claim.Free>(store.Claim(new AnswerKey("someone else", "k"), "same"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(400)]
    [InlineData(304)]
    [InlineData(null)]
    public async Task Complete_NoSuccess_FreesTheKeyAndTellsWhoWaits(int? status)
    {
        var store = Store();
        store.Claim(Key("k"), "same");
        var waiting = Assert.IsType<Claim.Taken>(store.Claim(Key("k"), "same"));

        store.Complete(Key("k"), status is { } code ? new StoredAnswer(code, [], []) : null);

        Assert.Null(await waiting.Answer);
        Assert.IsType<Claim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public void Complete_MoreBytesThanThereMayBe_ForgetsTheOldest()
    {
        var each = Answer().Bytes;
        var store = Store(maxBytes: 2 * each);
        Remember(store, "a");
        Remember(store, "b");
        Remember(store, "c");

        Assert.IsType<Claim.Taken>(store.Claim(Key("b"), "same"));
        Assert.IsType<Claim.Taken>(store.Claim(Key("c"), "same"));
        Assert.IsType<Claim.Free>(store.Claim(Key("a"), "same"));
    }

    [Theory]
    [InlineData("key a", "key b")]
    [InlineData("address 192.0.2.1", "address 192.0.2.2")]
    [InlineData("address 192.0.2.1", "key b")]
    public void Complete_OneCallerFloods_OthersKeepTheirAnswers(string flooding, string quiet)
    {
        var store = Store(maxBytes: 4 * Answer().Bytes);
        Remember(store, new AnswerKey(quiet, "mine"));

        for (var i = 0; i < 20; i++)
        {
            Remember(store, new AnswerKey(flooding, $"{i}"));
        }

        Assert.IsType<Claim.Taken>(store.Claim(new AnswerKey(quiet, "mine"), "same"));
        Assert.IsType<Claim.Taken>(store.Claim(new AnswerKey(flooding, "19"), "same"));
        Assert.IsType<Claim.Free>(store.Claim(new AnswerKey(flooding, "0"), "same"));
    }

    [Fact]
    public void Complete_ManyAddressesFlood_AKeyKeepsItsAnswers()
    {
        var store = Store(maxBytes: 4 * Answer().Bytes);
        Remember(store, new AnswerKey("key a", "1"));
        Remember(store, new AnswerKey("key a", "2"));

        for (var i = 0; i < 20; i++)
        {
            Remember(store, new AnswerKey($"address 192.0.2.{i}", "x"));
        }

        Assert.IsType<Claim.Taken>(store.Claim(new AnswerKey("key a", "1"), "same"));
        Assert.IsType<Claim.Taken>(store.Claim(new AnswerKey("key a", "2"), "same"));
    }

    [Fact]
    public async Task Complete_NoRoomAtAll_StillAnswersWhoWaits()
    {
        var store = Store(maxBytes: 0);
        store.Claim(Key("k"), "same");
        var waiting = Assert.IsType<Claim.Taken>(store.Claim(Key("k"), "same"));
        var answer = Answer();

        store.Complete(Key("k"), answer);

        Assert.Same(answer, await waiting.Answer);
        Assert.IsType<Claim.Free>(store.Claim(Key("k"), "same"));
    }

    [Fact]
    public async Task Claim_ManyAtOnce_FreesExactlyOne()
    {
        var store = Store();
        var claims = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => store.Claim(Key("k"), "same"))));

        Assert.Single(claims, claim => claim is Claim.Free);
    }

    [Fact]
    public void Bytes_Answer_CountsBodyAndHeaders()
    {
        var small = new StoredAnswer(200, [], []);
        var large = new StoredAnswer(200, [new("name", "value")], new byte[100]);

        Assert.Equal(small.Bytes + 100 + (2 * 9), large.Bytes);
    }

    private static StoredAnswer Answer() => new(200, [], new byte[1_000]);

    private static AnswerKey Key(string key) => new("", key);

    private static StoredAnswer Remember(AnswerStore store, string key) => Remember(store, Key(key));

    private static StoredAnswer Remember(AnswerStore store, AnswerKey key)
    {
        var answer = Answer();
        store.Claim(key, "same");
        store.Complete(key, answer);
        return answer;
    }

    private AnswerStore Store(long maxBytes = 1 << 20) => new(new IdempotencyOptions { Lifetime = Lifetime, MaxBytes = maxBytes }, _clock);
}
