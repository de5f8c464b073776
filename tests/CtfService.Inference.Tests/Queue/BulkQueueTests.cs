using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

/// <summary>Bulk submissions beside a queue of interactive images.</summary>
public sealed class BulkQueueTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TestMeters _meters = new();
    private readonly StageCostEstimator _estimator = new();
    private readonly InferenceOptions _options = new() { MaxQueuedImages = 4, MaxBatchRows = 3 };
    private readonly ModelState _state;
    private readonly AdmissionScheduler _scheduler;
    private readonly InferenceQueue _queue;

    public BulkQueueTests()
    {
        _state = new ModelState(_clock);
        _state.BecomeReady(FakeModels.Fruits);
        _scheduler = new AdmissionScheduler(_clock);
        _queue = new InferenceQueue(_options, _state, _scheduler, _estimator, Measured.By(_meters, _clock, _options), _clock);
    }

    [Fact]
    public void Enqueue_MoreBulkImagesThanTheQueueHolds_AdmitsThemAndTakesNoPlace()
    {
        Enqueue(Bulk(100));

        Enqueue(Jobs.Submission(4, _options));

        Assert.Equal(104, _scheduler.TakeAll().Count);
        Enqueue(Bulk(100)); // the queue is full, but not of bulk images
        Assert.Equal(100, _scheduler.TakeAll().Count);
    }

    [Fact]
    public void Enqueue_QueueIsFull_ForecastsWithoutBulkImages()
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(0.3)) { VqDecode = new StageWork(1, TimeSpan.FromSeconds(1)) });
        Enqueue(Jobs.Submission(2, _options)); // run
        Enqueue(Bulk(1_000)); // two run, the others wait
        foreach (var job in _scheduler.TakeAll().Take(4))
        {
            job.MarkStarted(_clock.GetUtcNow());
        }

        Enqueue(Jobs.Submission(4, _options));

        var full = Assert.Throws<QueueFullException>(() => Enqueue(Jobs.Submission(1, _options)));

        Assert.Contains("room for 0 more of 4 images", full.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(2), full.RetryAfter); // one of three rows is free; then one more step of two images
    }

    [Fact]
    public async Task Enqueue_NoDeadline_NeverEndsByItself()
    {
        var events = _queue.GenerateAsync(Bulk(1), CancellationToken.None);
        var job = Assert.Single(_scheduler.TakeAll());

        _clock.Advance(TimeSpan.FromDays(400));

        Assert.False(job.IsLate(_clock.GetUtcNow()));
        Assert.True(job.IsWanted);
        Assert.False(events.IsCompleted);
        job.Fail(new GenerationFailedException("the end"));
        await Assert.ThrowsAsync<GenerationFailedException>(() => events);
    }

    [Fact]
    public void Enqueue_ModelIsNotReady_IsRefused()
    {
        _state.BecomeFailing("broken", TimeSpan.FromSeconds(10));

        Assert.Throws<ModelNotReadyException>(() => Enqueue(Bulk(1)));

        _clock.Advance(TimeSpan.FromSeconds(10));
        Enqueue(Bulk(1)); // is the trial after the pause
        Assert.Throws<ModelNotReadyException>(() => Enqueue(Jobs.Submission(1, _options)));
    }

    [Fact]
    public void Enqueue_BulkHasEnded_RefusesBulkOnly()
    {
        _queue.EndBulk();

        Assert.Throws<ModelNotReadyException>(() => Enqueue(Bulk(1)));
        Enqueue(Jobs.Submission(1, _options));
        Assert.False(_queue.IsFinished);
    }

    [Fact]
    public void Enqueue_BulkWithPreviews_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Enqueue(Bulk(1) with { Previews = 1 }));
    }

    [Fact]
    public void Enqueue_BulkImageAfterAnother_IsOfItsOwnSubmission()
    {
        Enqueue(Bulk(2));
        Enqueue(Bulk(1));

        var submissions = _scheduler.TakeAll().Select(job => job.Submission).ToList();

        Assert.Same(submissions[0], submissions[1]);
        Assert.NotSame(submissions[1], submissions[2]);
    }

    public void Dispose() => _meters.Dispose();

    private static ImageSubmission Bulk(int images) => Jobs.BulkSubmission(Jobs.Images(images));

    private void Enqueue(ImageSubmission submission) => _queue.Enqueue(submission, CancellationToken.None);
}
