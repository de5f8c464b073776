using CtfService.Training.Progress;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Training.Tests.Progress;

public sealed class TrainingMeterTests : ITrainingProgress
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<TrainingReport> _reports = [];

    void ITrainingProgress.Report(TrainingReport report) => _reports.Add(report);

    [Fact]
    public void StepFinished_Resumed_CountsSpeedAndTimeOfThisRunOnly()
    {
        var meter = new TrainingMeter(this, new TrainingPace(FirstStep: 100, TotalSteps: 110, BatchSize: 8, ReportEvery: 2), _clock);

        Finish(meter, 101, seconds: 1);
        Finish(meter, 102, seconds: 3);
        Finish(meter, 103, seconds: 1);
        Finish(meter, 104, seconds: 1);

        Assert.Equal([102, 104], _reports.Select(report => report.Step));
        Assert.Equal([4, 32 / 6.0], _reports.Select(report => report.ImagesPerSecond));
        Assert.Equal(TimeSpan.FromSeconds(6), _reports[1].Elapsed);
        Assert.Equal(TimeSpan.FromSeconds(9), _reports[1].TimeLeft); // 6 steps left at 1.5 seconds each
    }

    [Fact]
    public void StepFinished_ImagesEndInBursts_SpeedDoesNotJump()
    {
        var meter = new TrainingMeter(this, new TrainingPace(0, 1000, BatchSize: 1, ReportEvery: 1), _clock);

        for (var burst = 0; burst < 12; burst++)
        {
            _clock.Advance(TimeSpan.FromSeconds(15)); // 64 images finish together every 16 seconds
            for (var image = 1; image <= 64; image++)
            {
                _clock.Advance(TimeSpan.FromSeconds(1.0 / 64));
                meter.StepFinished((burst * 64) + image, () => new Dictionary<string, double>());
            }
        }

        Assert.All(_reports.Where(report => report.Step > 320), report => Assert.InRange(report.ImagesPerSecond!.Value, 3, 5.1)); // 4 on average
    }

    [Fact]
    public void Evaluate_BetweenSteps_HasNoSpeedAndIsNotTrainingTime()
    {
        var meter = new TrainingMeter(this, new TrainingPace(0, 10, BatchSize: 8, ReportEvery: 1), _clock);
        Finish(meter, 1, seconds: 2);

        meter.Evaluate(1, () =>
        {
            _clock.Advance(TimeSpan.FromMinutes(5));
            return new Dictionary<string, double> { ["held-out loss"] = 2 };
        });
        Finish(meter, 2, seconds: 2);

        Assert.Null(_reports[1].ImagesPerSecond);
        Assert.Equal(4, _reports[2].ImagesPerSecond);
        Assert.Equal(TimeSpan.FromSeconds(4), _reports[2].Elapsed);
    }

    [Fact]
    public void StepFinished_NoReportDue_DoesNotReadTheLoss()
    {
        var meter = new TrainingMeter(this, new TrainingPace(0, 10, 1, ReportEvery: 5), _clock);

        meter.StepFinished(1, () => throw new InvalidOperationException("read too early"));

        Assert.Empty(_reports);
    }

    [Fact]
    public void StepFinished_LastStep_IsAlwaysReported()
    {
        var meter = new TrainingMeter(this, new TrainingPace(0, 7, 1, ReportEvery: 5), _clock);

        Finish(meter, 7, seconds: 1);

        Assert.Equal(TimeSpan.Zero, Assert.Single(_reports).TimeLeft);
    }

    private void Finish(TrainingMeter meter, long step, int seconds)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        meter.StepFinished(step, () => new Dictionary<string, double> { ["loss"] = 1 });
    }
}
