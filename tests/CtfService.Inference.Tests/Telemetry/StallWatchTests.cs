using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Telemetry;

public sealed class StallWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new();
    private readonly FakeLogger<StallWatch> _log = new();
    private readonly InFlightImages _inFlight;
    private readonly StallWatch _watch;

    public StallWatchTests()
    {
        _inFlight = new InFlightImages(_clock);
        _watch = new StallWatch(_inFlight, Limit, _log);
    }

    [Fact]
    public void Check_NoWork_IsNeverStalled()
    {
        _clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(new Progress(TimeSpan.Zero, Limit), _watch.Check());
        Assert.Empty(_log.Collector.GetSnapshot());
    }

    [Theory]
    [InlineData(30, false, false)]
    [InlineData(31, true, false)]
    [InlineData(120, true, false)]
    [InlineData(121, true, true)]
    public void Check_NoStepEnds_IsStalledThenStuckAfterFourTimesTheLimit(int seconds, bool isStalled, bool isStuck)
    {
        _inFlight.Enter(rows: 1);

        _clock.Advance(TimeSpan.FromSeconds(seconds));

        var progress = _watch.Check();
        Assert.Equal((isStalled, isStuck), (progress.IsStalled, progress.IsStuck));
    }

    [Fact]
    public void Check_StepEnds_IsHealthyAgain()
    {
        _inFlight.Enter(rows: 1).MoveTo(ImageState.Running);
        _clock.Advance(Limit * 2);
        Assert.True(_watch.Check().IsStalled);

        _inFlight.StepEnded();

        Assert.False(_watch.Check().IsStalled);
    }

    [Fact]
    public void Check_NoWorkIsLeft_IsHealthyAgain()
    {
        var image = _inFlight.Enter(rows: 1);
        _clock.Advance(Limit * 2);
        Assert.True(_watch.Check().IsStalled);

        image.MoveTo(ImageState.Ended);

        Assert.False(_watch.Check().IsStalled);
    }

    [Fact]
    public void Check_ManyTimes_LogsEachChangeOnce()
    {
        var image = _inFlight.Enter(rows: 1);
        _clock.Advance(Limit * 2);
        _watch.Check();
        _watch.Check();
        image.MoveTo(ImageState.Ended);
        _watch.Check();
        _watch.Check();

        Assert.Equal([1080, 1081], _log.Collector.GetSnapshot().Select(line => line.Id.Id));
    }

    [Theory]
    [InlineData(0.1, 30)]
    [InlineData(3, 30)]
    [InlineData(20, 160)]
    public void Check_SlowModel_GetsEightTimesItsWarmUp(double warmUpSeconds, double expectedSeconds)
    {
        _watch.WarmedUp(TimeSpan.FromSeconds(warmUpSeconds));

        Assert.Equal(TimeSpan.FromSeconds(expectedSeconds), _watch.Check().Limit);
    }

    [Fact]
    public void Check_FastModelAfterASlowOne_KeepsTheLimitOfTheSlowOneUntilTheNext()
    {
        _watch.WarmedUp(TimeSpan.FromSeconds(20));
        _watch.WarmedUp(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(160), _watch.Check().Limit);

        _watch.WarmedUp(TimeSpan.FromSeconds(1));

        Assert.Equal(Limit, _watch.Check().Limit);
    }
}
