using CtfService.Inference.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class PlacePromisesTests
{
    private static readonly TimeSpan After = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _clock = new();
    private readonly PlacePromises _promises;

    public PlacePromisesTests()
    {
        _promises = new PlacePromises(places: 8, _clock);
    }

    [Fact]
    public void TryRedeem_CallerIsBackInTime_IsKeptOnce()
    {
        _promises.Make(2, After);
        _clock.Advance(After);

        Assert.True(_promises.TryRedeem(2));
        Assert.False(_promises.TryRedeem(2));
        Assert.Equal(0, _promises.Images);
    }

    [Theory]
    [InlineData(9.9)]
    [InlineData(12.1)] // two seconds late are forgiven
    public void TryRedeem_TooEarlyOrTooLate_IsNone(double seconds)
    {
        _promises.Make(2, After);
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.False(_promises.TryRedeem(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TryRedeem_AnotherNumberOfImages_IsNone(int images)
    {
        _promises.Make(2, After);
        _clock.Advance(After);

        Assert.False(_promises.TryRedeem(images));
        Assert.Equal(2, _promises.Images);
    }

    [Fact]
    public void Images_CallerIsOverdue_AreFreeAgain()
    {
        _promises.Make(2, After);
        _clock.Advance(After + TimeSpan.FromSeconds(2));
        Assert.Equal(2, _promises.Images);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(0, _promises.Images);
    }

    [Fact]
    public void Kept_MuchIsPromised_LeavesHalfOfThePlacesToOthers()
    {
        _promises.Make(3, After);
        Assert.Equal(3, _promises.Kept);

        _promises.Make(3, After);

        Assert.Equal((6, 4), (_promises.Images, _promises.Kept));
    }

    [Fact]
    public void Make_MoreThanThereAre_PromisesNothing()
    {
        _promises.Make(6, After);

        _promises.Make(3, After);

        Assert.Equal(6, _promises.Images);
    }
}
