using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

/// <summary>An image counts as waiting until it starts or ends, even if it is restarted.</summary>
public sealed class QueueLoadTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly InFlightImages _inFlight;
    private readonly StageCostEstimator _estimator = new();
    private readonly QueueLoad _work;

    public QueueLoadTests()
    {
        _inFlight = new InFlightImages(_clock);
        _work = new QueueLoad(_estimator, rows: 2, () => 1, new FlowLoads());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Moved_ImageEndsInAnyState_IsRemoved(bool isDrawn)
    {
        var image = isDrawn ? Jobs.GuidedImage() : Jobs.Image() with { Layout = new LayoutSource.Given([]) };
        var (waiting, running, restarted) = (Enter(image), Enter(image), Enter(image));
        running.MarkStarted(_clock.GetUtcNow());
        restarted.MarkStarted(_clock.GetUtcNow());
        restarted.MarkRestarted();
        Assert.Equal((2, 2, 1), (_work.Waiting, _inFlight.Read().Waiting, _inFlight.Read().Running));

        waiting.Cancel();
        running.Fail(new GenerationFailedException("broken"));
        restarted.Cancel();
        restarted.Fail(new GenerationFailedException("too late"));

        Assert.Equal(0, _work.Waiting);
        Assert.Equal(new InFlightSnapshot(), _inFlight.Read());
    }

    [Fact]
    public void Forecast_ImageIsRestarted_CountsItsStepsFromThen()
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(1)));
        var job = Enter(Jobs.GuidedImage());
        job.MarkStarted(_clock.GetUtcNow());
        _estimator.Measure(new StepReport(Rows: 2, TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(3 * 1.25), ForecastOfOneMore());

        job.MarkRestarted();
        job.MarkStarted(_clock.GetUtcNow());

        Assert.Equal(TimeSpan.FromSeconds(4 * 1.25), ForecastOfOneMore());
    }

    [Fact]
    public void Backlog_ImagesRunAndWait_IsTheirDeviceTime()
    {
        _estimator.Measure(new StepReport(Rows: 2, TimeSpan.FromSeconds(1)) { VqDecode = new StageWork(1, TimeSpan.FromSeconds(0.5)) });
        var submission = Jobs.Submission(1, new InferenceOptions());
        Assert.Equal(TimeSpan.Zero, _work.Backlog(submission, labels: 4));

        Enter(Jobs.GuidedImage()).MarkStarted(_clock.GetUtcNow());
        Enter(Jobs.GuidedImage());
        Enter(Jobs.Image() with { Layout = new LayoutSource.Given([]) });

        Assert.Equal(TimeSpan.FromSeconds(4 + 4 + (3 * 0.5)), _work.Backlog(submission, labels: 4)); // both rows for four labels each, then VQ decode
        Assert.Equal(TimeSpan.Zero, _work.Backlog(submission with { Priority = ImagePriority.High }, labels: 4));

        _estimator.Measure(new StepReport(Rows: 2, TimeSpan.FromSeconds(1)));

        Assert.Equal(TimeSpan.FromSeconds(3 + 4 + (3 * 0.5)), _work.Backlog(submission, labels: 4)); // the first image has another label
    }

    private TimeSpan ForecastOfOneMore()
    {
        var next = Enter(Jobs.Image());
        var forecast = _work.Forecast(images: 1, labels: 4);
        next.Cancel();
        return forecast;
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Forecast_SeveralDevices_CountsTheRowsOfAll(int devices, bool waits)
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(1)));
        var work = new QueueLoad(_estimator, rows: 2, () => devices, new FlowLoads());
        for (var image = 0; image < 3; image++)
        {
            var job = Jobs.At(_clock);
            job.MarkQueued(_inFlight.Enter(rows: 1), work);
            job.MarkStarted(_clock.GetUtcNow());
        }

        Jobs.At(_clock).MarkQueued(_inFlight.Enter(rows: 1), work);

        Assert.Equal(waits, work.Forecast(images: 1, labels: 4) > TimeSpan.Zero);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 0, 4)]
    [InlineData(1, 1, 8)]
    [InlineData(1, 2, 12)]
    public void Report_GuidedImagesRunAndWait_ExpectsTheStartOfOneMore(int running, int waiting, double seconds)
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(1)));
        for (var image = 0; image < running; image++)
        {
            Enter(Jobs.GuidedImage()).MarkStarted(_clock.GetUtcNow());
        }

        for (var image = 0; image < waiting; image++)
        {
            Enter(Jobs.GuidedImage());
        }

        Assert.Equal(new QueueReport(waiting, running, Capacity: 64, TimeSpan.FromSeconds(seconds)), _work.Report(capacity: 64, labels: 4));
    }

    [Fact]
    public void Report_NoModel_ExpectsNoWait()
    {
        Enter(Jobs.GuidedImage());

        Assert.Equal(new QueueReport(Waiting: 1, Running: 0, Capacity: 64, TimeSpan.Zero), _work.Report(capacity: 64, labels: null));
    }

    [Fact]
    public void Forecast_EditWithCandidatesRuns_CountsItsRounds()
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(1)));
        var edit = new LayoutSource.Edited(new RgbImage(2, 1, new byte[6]), new EditMask(2, 1, [true, false])) { Candidates = 3 };
        var job = Enter(Jobs.GuidedImage() with { Layout = edit });

        job.MarkStarted(_clock.GetUtcNow());

        Assert.Equal(TimeSpan.FromSeconds(3 * 4 * 1.25), ForecastOfOneMore());
    }

    private InferenceJob Enter(ImageSpecification image)
    {
        var job = Jobs.At(_clock, image);
        job.MarkQueued(_inFlight.Enter(image.Rows), _work);
        return job;
    }
}
