using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Telemetry;

public sealed class InFlightImagesTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly InFlightImages _inFlight;

    public InFlightImagesTests() => _inFlight = new InFlightImages(_clock);

    [Fact]
    public void Read_NoImages_IsAllZero() => Assert.Equal(default, _inFlight.Read());

    [Fact]
    public void Enter_TwoImages_WaitWithTheirRows()
    {
        _inFlight.Enter(rows: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _inFlight.Enter(rows: 1);
        _clock.Advance(TimeSpan.FromSeconds(1));

        var snapshot = _inFlight.Read();

        Assert.Equal((2, 3, 0), (snapshot.Waiting, snapshot.WaitingRows, snapshot.Running));
        Assert.Equal(TimeSpan.FromSeconds(4), snapshot.OldestWait);
    }

    [Fact]
    public void Started_TheOldest_LeavesTheQueueAndTakesItsRows()
    {
        _inFlight.Join("cpu", rows: 8);
        var first = _inFlight.Enter(rows: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _inFlight.Enter(rows: 1);

        first.MoveTo(ImageState.Running);

        var snapshot = _inFlight.Read();
        Assert.Equal((1, 1, 1, 0.25), (snapshot.Waiting, snapshot.WaitingRows, snapshot.Running, snapshot.Occupancy));
        Assert.Equal(TimeSpan.Zero, snapshot.OldestWait);
    }

    [Fact]
    public void PutBack_RunningImage_WaitsSinceItsArrival()
    {
        _inFlight.Join("cpu", rows: 2);
        var image = _inFlight.Enter(rows: 2);
        image.MoveTo(ImageState.Running);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _inFlight.Enter(rows: 1);

        image.MoveTo(ImageState.Waiting);

        var snapshot = _inFlight.Read();
        Assert.Equal((2, 3, 0, 0.0), (snapshot.Waiting, snapshot.WaitingRows, snapshot.Running, snapshot.Occupancy));
        Assert.Equal(TimeSpan.FromSeconds(3), snapshot.OldestWait);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ended_Twice_EndsOnce(bool hasStarted)
    {
        var image = _inFlight.Enter(rows: 2);
        var other = _inFlight.Enter(rows: 1);
        if (hasStarted)
        {
            image.MoveTo(ImageState.Running);
            other.MoveTo(ImageState.Running);
        }

        image.MoveTo(ImageState.Ended);
        image.MoveTo(ImageState.Ended);
        image.MoveTo(ImageState.Waiting);

        var snapshot = _inFlight.Read();
        Assert.Equal(hasStarted ? (0, 0, 1) : (1, 1, 0), (snapshot.Waiting, snapshot.WaitingRows, snapshot.Running));
    }

    [Fact]
    public void Leave_OneOfTwoGeneratorsIsRemoved_OccupancyIsThatOfTheOther()
    {
        _inFlight.Join("cuda:0", rows: 4);
        var ended = _inFlight.Join("cuda:1", rows: 4);
        _inFlight.Enter(rows: 2).MoveTo(ImageState.Running);

        _inFlight.Leave(ended);

        Assert.Equal(0.5, _inFlight.Read().Occupancy);
    }

    [Fact]
    public void StalledFor_NoWork_IsZero()
    {
        _inFlight.StepEnded();
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.Zero, _inFlight.Read().StalledFor);
    }

    [Fact]
    public void StalledFor_WorkArrivesAfterAPause_CountsFromItsArrival()
    {
        _inFlight.StepEnded();
        _clock.Advance(TimeSpan.FromHours(1));
        _inFlight.Enter(rows: 1);
        _clock.Advance(TimeSpan.FromSeconds(5));
        _inFlight.Enter(rows: 1); // more work is not progress

        Assert.Equal(TimeSpan.FromSeconds(5), _inFlight.Read().StalledFor);
    }

    [Fact]
    public void StalledFor_StepEnds_CountsFromThere()
    {
        _inFlight.Enter(rows: 1).MoveTo(ImageState.Running);
        _clock.Advance(TimeSpan.FromSeconds(5));

        _inFlight.StepEnded();
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.FromSeconds(1), _inFlight.Read().StalledFor);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 5)]
    public void StalledFor_OneOfTwoDevicesStandsStill_IsZeroWhileTheOtherIsIdleAndNothingWaits(bool doesAnotherWait, int seconds)
    {
        var stuck = _inFlight.Join("cuda:0", rows: 4);
        _inFlight.Join("cuda:1", rows: 4);
        _inFlight.Enter(rows: 1).MoveTo(ImageState.Running);
        stuck.StepBegins();
        if (doesAnotherWait)
        {
            _inFlight.Enter(rows: 1);
        }

        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(TimeSpan.FromSeconds(seconds), _inFlight.Read().StalledFor);
        Assert.Equal([5.0, 0.0], _inFlight.ReadDevices().Select(device => device.StalledFor.TotalSeconds));
    }

    [Fact]
    public void Read_ManyThreads_NothingIsLost()
    {
        Parallel.For(0, 64, thread =>
        {
            for (var round = 0; round < 200; round++)
            {
                var image = _inFlight.Enter(rows: 2);
                image.MoveTo(ImageState.Running);
                if (round % 3 == 0)
                {
                    image.MoveTo(ImageState.Waiting);
                }

                Assert.True(_inFlight.Read().Running >= 0);
                image.MoveTo(ImageState.Ended);
            }
        });

        Assert.Equal((0, 0, 0), (_inFlight.Read().Waiting, _inFlight.Read().WaitingRows, _inFlight.Read().Running));
    }
}
