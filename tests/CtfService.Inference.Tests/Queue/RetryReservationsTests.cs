using CtfService.Inference.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class RetryReservationsTests
{
    private static readonly TimeSpan After = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _clock = new();
    private readonly RetryReservations _reservations;

    public RetryReservationsTests()
    {
        _reservations = new RetryReservations(capacity: 8, _clock);
    }

    [Fact]
    public void TryRedeem_InTime_SucceedsOnce()
    {
        _reservations.Add(2, After);
        _clock.Advance(After);

        Assert.True(_reservations.TryRedeem(2));
        Assert.False(_reservations.TryRedeem(2));
        Assert.Equal(0, _reservations.Images);
    }

    [Theory]
    [InlineData(9.9)]
    [InlineData(12.1)] // up to two seconds late is allowed
    public void TryRedeem_TooEarlyOrTooLate_ReturnsFalse(double seconds)
    {
        _reservations.Add(2, After);
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.False(_reservations.TryRedeem(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TryRedeem_AnotherNumberOfImages_ReturnsFalse(int images)
    {
        _reservations.Add(2, After);
        _clock.Advance(After);

        Assert.False(_reservations.TryRedeem(images));
        Assert.Equal(2, _reservations.Images);
    }

    [Fact]
    public void Images_ReservationExpired_AreFreeAgain()
    {
        _reservations.Add(2, After);
        _clock.Advance(After + TimeSpan.FromSeconds(2));
        Assert.Equal(2, _reservations.Images);

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(0, _reservations.Images);
    }

    [Fact]
    public void Kept_ManyReservations_LeavesHalfOfTheQueueToOthers()
    {
        _reservations.Add(3, After);
        Assert.Equal(3, _reservations.Kept);

        _reservations.Add(3, After);

        Assert.Equal((6, 4), (_reservations.Images, _reservations.Kept));
    }

    [Fact]
    public void Add_MoreImagesThanPlaces_ReservesNothing()
    {
        _reservations.Add(6, After);

        _reservations.Add(3, After);

        Assert.Equal(6, _reservations.Images);
    }
}
