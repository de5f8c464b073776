using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Telemetry;

public sealed class ImageFlowTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ImageFlow _flow;

    public ImageFlowTests() => _flow = new ImageFlow(_clock);

    [Fact]
    public void Read_Nothing_IsAllZero() => Assert.Equal(default, _flow.Read());

    [Fact]
    public void Enter_TwoImages_WaitWithTheirRows()
    {
        _flow.Enter(rows: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _flow.Enter(rows: 1);
        _clock.Advance(TimeSpan.FromSeconds(1));

        var reading = _flow.Read();

        Assert.Equal((2, 3, 0), (reading.Waiting, reading.WaitingRows, reading.Running));
        Assert.Equal(TimeSpan.FromSeconds(4), reading.OldestWait);
    }

    [Fact]
    public void Started_TheOldest_LeavesTheLineAndTakesItsRows()
    {
        _flow.RowsChanged(8);
        var first = _flow.Enter(rows: 2);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _flow.Enter(rows: 1);

        first.MoveTo(ImagePlace.Running);

        var reading = _flow.Read();
        Assert.Equal((1, 1, 1, 0.25), (reading.Waiting, reading.WaitingRows, reading.Running, reading.Occupancy));
        Assert.Equal(TimeSpan.Zero, reading.OldestWait);
    }

    [Fact]
    public void PutBack_RunningImage_WaitsSinceItCame()
    {
        _flow.RowsChanged(2);
        var image = _flow.Enter(rows: 2);
        image.MoveTo(ImagePlace.Running);
        _clock.Advance(TimeSpan.FromSeconds(3));
        _flow.Enter(rows: 1);

        image.MoveTo(ImagePlace.Waiting);

        var reading = _flow.Read();
        Assert.Equal((2, 3, 0, 0.0), (reading.Waiting, reading.WaitingRows, reading.Running, reading.Occupancy));
        Assert.Equal(TimeSpan.FromSeconds(3), reading.OldestWait);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ended_Twice_EndsOnce(bool hasStarted)
    {
        var image = _flow.Enter(rows: 2);
        var other = _flow.Enter(rows: 1);
        if (hasStarted)
        {
            image.MoveTo(ImagePlace.Running);
            other.MoveTo(ImagePlace.Running);
        }

        image.MoveTo(ImagePlace.Ended);
        image.MoveTo(ImagePlace.Ended);
        image.MoveTo(ImagePlace.Waiting);

        var reading = _flow.Read();
        Assert.Equal(hasStarted ? (0, 0, 1) : (1, 1, 0), (reading.Waiting, reading.WaitingRows, reading.Running));
    }

    [Fact]
    public void RowsChanged_OneOfTwoGeneratorsGoes_OccupancyIsOfTheOther()
    {
        _flow.RowsChanged(4);
        _flow.RowsChanged(4);
        _flow.Enter(rows: 2).MoveTo(ImagePlace.Running);

        _flow.RowsChanged(-4);

        Assert.Equal(0.5, _flow.Read().Occupancy);
    }

    [Fact]
    public void StalledFor_NoWork_IsZeroHoweverLongAgoTheLastStepWas()
    {
        _flow.StepEnded();
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.Zero, _flow.Read().StalledFor);
    }

    [Fact]
    public void StalledFor_WorkComesAfterAPause_CountsFromTheWork()
    {
        _flow.StepEnded();
        _clock.Advance(TimeSpan.FromHours(1));
        _flow.Enter(rows: 1);
        _clock.Advance(TimeSpan.FromSeconds(5));
        _flow.Enter(rows: 1); // more work is no progress

        Assert.Equal(TimeSpan.FromSeconds(5), _flow.Read().StalledFor);
    }

    [Fact]
    public void StalledFor_StepEnds_CountsFromThere()
    {
        _flow.Enter(rows: 1).MoveTo(ImagePlace.Running);
        _clock.Advance(TimeSpan.FromSeconds(5));

        _flow.StepEnded();
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.FromSeconds(1), _flow.Read().StalledFor);
    }

    [Fact]
    public void Read_ManyThreads_NothingIsLost()
    {
        Parallel.For(0, 64, thread =>
        {
            for (var round = 0; round < 200; round++)
            {
                var image = _flow.Enter(rows: 2);
                image.MoveTo(ImagePlace.Running);
                if (round % 3 == 0)
                {
                    image.MoveTo(ImagePlace.Waiting);
                }

                Assert.True(_flow.Read().Running >= 0);
                image.MoveTo(ImagePlace.Ended);
            }
        });

        Assert.Equal((0, 0, 0), (_flow.Read().Waiting, _flow.Read().WaitingRows, _flow.Read().Running));
    }
}
