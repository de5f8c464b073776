using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class RetryReservationsTests
{
    private const string Flow = "key";

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
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(After);

        Assert.True(_reservations.TryRedeem(Request(Flow, 2)));
        Assert.False(_reservations.TryRedeem(Request(Flow, 2)));
        Assert.Equal(0, _reservations.Images(Flow));
    }

    [Theory]
    [InlineData(9.9)]
    [InlineData(12.1)] // up to two seconds late is allowed
    public void TryRedeem_TooEarlyOrTooLate_ReturnsFalse(double seconds)
    {
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.False(_reservations.TryRedeem(Request(Flow, 2)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void TryRedeem_AnotherNumberOfImages_ReturnsFalse(int images)
    {
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(After);

        Assert.False(_reservations.TryRedeem(Request(Flow, images)));
        Assert.Equal(2, _reservations.Images(Flow));
    }

    [Fact]
    public void Images_ReservationExpired_AreFreeAgain()
    {
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(After + TimeSpan.FromSeconds(2));
        Assert.Equal(2, _reservations.Images(Flow));

        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(0, _reservations.Images(Flow));
    }

    [Fact]
    public void Kept_ManyReservations_LeavesAQuarterOfTheQueueToOthers()
    {
        _reservations.Add(Request(Flow, 3), After, isShare: false);
        Assert.Equal(3, _reservations.Kept(Flow));

        _reservations.Add(Request(Flow, 4), After, isShare: false);

        Assert.Equal((7, 6), (_reservations.Images(Flow), _reservations.Kept(Flow)));
    }

    [Fact]
    public void Add_MoreImagesThanPlaces_WhoReturnsIsAdmitted()
    {
        _reservations.Add(Request(Flow, 6), After, isShare: false);
        _reservations.Add(Request(Flow, 3), After, isShare: false); // most callers never return

        _clock.Advance(After);

        Assert.Equal(8, _reservations.Images(Flow));
        Assert.True(_reservations.TryRedeem(Request(Flow, 3)));
        Assert.Equal(6, _reservations.Images(Flow));
    }

    [Fact]
    public void Add_Flood_KeepsALimitedNumber()
    {
        for (var caller = 0; caller < 1_000; caller++)
        {
            _reservations.Add(Request(Flow, 1, classId: caller), After, isShare: false);
        }

        _clock.Advance(After);

        Assert.Equal(16 * 8, Enumerable.Range(0, 1_000).Count(caller => _reservations.TryRedeem(Request(Flow, 1, classId: caller))));
    }

    [Fact]
    public void TryRedeem_AnotherFlow_ReturnsFalse()
    {
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(After);

        Assert.False(_reservations.TryRedeem(Request("other", 2)));
    }

    [Fact]
    public void Kept_ShareOfAFlowIsUsedUp_WithholdsNothingFromOthers()
    {
        _reservations.Add(Request(Flow, 3), After, isShare: true);
        Assert.Equal((3, 0), (_reservations.Kept(Flow), _reservations.Kept("other")));

        _reservations.Add(Request("other", 2), After, isShare: false);

        Assert.Equal((5, 2), (_reservations.Kept(Flow), _reservations.Kept("other")));
    }

    [Fact]
    public void TryRedeem_AnotherClass_LeavesTheReservationToItsCaller()
    {
        _reservations.Add(Request(Flow, 2), After, isShare: false);
        _clock.Advance(After);

        Assert.False(_reservations.TryRedeem(Request(Flow, 2, classId: 1)));
        Assert.True(_reservations.TryRedeem(Request(Flow, 2)));
    }

    [Fact]
    public void RetriedRequest_AnotherSeed_IsTheSame() =>
        Assert.Equal(RetriedRequest.Of(Submission(Jobs.Image(seed: 1))), RetriedRequest.Of(Submission(Jobs.Image(seed: 2))));

    private static RetriedRequest Request(string flow, int images, int classId = 0) =>
        RetriedRequest.Of(Submission([.. Enumerable.Repeat(Jobs.Image() with { ClassId = classId }, images)])) with { Flow = flow };

    private static ImageSubmission Submission(params ImageSpecification[] images) => new(images, RequestDeadline.None);
}
