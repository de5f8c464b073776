using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class InferenceQueueTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StageCostEstimator _estimator = new();
    private readonly ModelState _state;
    private readonly InferenceOptions _options = new() { MaxQueuedImages = 4, MaxBatchRows = 3, RequestTimeout = TimeSpan.FromSeconds(10) };
    private readonly AdmissionScheduler _scheduler;
    private readonly InferenceQueue _queue;

    public InferenceQueueTests()
    {
        _state = new ModelState(_clock);
        _state.BecomeReady(FakeModels.Fruits);
        _scheduler = new AdmissionScheduler(_clock);
        _queue = new InferenceQueue(_options, _state, _scheduler, _estimator, Measured.By(new TestMeters(), _clock, _options), _clock);
    }

    [Fact]
    public async Task GenerateAsync_AllImagesFinish_ReturnsThemInOrderWithTheirQueueTime()
    {
        var request = _queue.GenerateAsync(Jobs.Submission(2, _options), CancellationToken.None);
        var jobs = _scheduler.TakeAll();
        var (first, second) = (jobs[0], jobs[1]);
        _clock.Advance(TimeSpan.FromSeconds(3));
        first.MarkStarted(_clock.GetUtcNow());

        second.Succeed(Finished(second));
        first.Succeed(Finished(first));

        var results = await request;
        Assert.Equal([1UL, 2UL], results.Select(result => result.Image.Specification.Seed));
        Assert.Equal(TimeSpan.FromSeconds(3), results[0].QueueTime);
    }

    [Fact]
    public async Task GenerateAsync_RequestDoesNotFit_QueuesNoneOfItsImages()
    {
        var waiting = _queue.GenerateAsync(Jobs.Submission(3, _options), CancellationToken.None);

        await Assert.ThrowsAsync<QueueFullException>(() => _queue.GenerateAsync(Jobs.Submission(2, _options), CancellationToken.None));

        Assert.Equal(3, _scheduler.TakeAll().Count);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public void GenerateAsync_RequestFillsTheQueue_IsAdmitted()
    {
        _ = _queue.GenerateAsync(Jobs.Submission(3, _options), CancellationToken.None);

        var last = _queue.GenerateAsync(Jobs.Submission(1, _options), CancellationToken.None);

        Assert.False(last.IsCompleted);
    }

    [Fact]
    public async Task GenerateAsync_QueueFull_SaysWhenToRetry()
    {
        _estimator.Measure(new StepReport(Rows: 1, TimeSpan.FromSeconds(0.3)) { VqDecode = new StageWork(1, TimeSpan.FromSeconds(1)) });
        _ = _queue.GenerateAsync(Jobs.Submission(4, _options), CancellationToken.None);
        Start(_scheduler.TakeAll().Take(3)); // 3 run, 1 waits
        _ = _queue.GenerateAsync(Jobs.Submission(2, _options), CancellationToken.None);

        var full = await Assert.ThrowsAsync<QueueFullException>(() => _queue.GenerateAsync(Jobs.Submission(2, _options), CancellationToken.None));

        // 4 decode steps of 0.3 s and the later stages of the image, plus a quarter, plus a step that finishes all three images.
        Assert.Equal(TimeSpan.FromSeconds(6), full.RetryAfter);
        Assert.Contains("room for 1 more of 4 images (Inference:MaxQueuedImages)", full.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_TooMuchIsBefore_SaysWhenToRetryAndAdmitsWhoReturnsThen()
    {
        var options = _options with { MaxQueuedImages = 64, MaxBacklog = TimeSpan.FromSeconds(2) };
        var queue = new InferenceQueue(options, _state, _scheduler, _estimator, Measured.By(new TestMeters(), _clock, options), _clock);
        _estimator.Measure(new StepReport(Rows: 3, TimeSpan.FromSeconds(0.3)) { VqDecode = new StageWork(1, TimeSpan.FromSeconds(0.1)) });
        _ = queue.GenerateAsync(Jobs.Submission(5, options), CancellationToken.None); // 5 images of 4 labels at 0.1 s each, and VQ decode: 2.5 s

        var full = await Assert.ThrowsAsync<QueueFullException>(() => queue.GenerateAsync(Jobs.Submission(1, options), CancellationToken.None));
        _clock.Advance(full.RetryAfter);
        var admitted = queue.GenerateAsync(Jobs.Submission(1, options), CancellationToken.None); // with as much before it

        Assert.Equal(TimeSpan.FromSeconds(1), full.RetryAfter);
        Assert.Contains("take about 2.5 s; at most 2 s are allowed (Inference:MaxBacklog)", full.Message, StringComparison.Ordinal);
        Assert.False(admitted.IsCompleted);
    }

    [Fact]
    public void GenerateAsync_ImagesStarted_FreesItsPlaces()
    {
        _ = _queue.GenerateAsync(Jobs.Submission(4, _options), CancellationToken.None);
        Start(_scheduler.TakeAll());

        var next = _queue.GenerateAsync(Jobs.Submission(4, _options), CancellationToken.None);

        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task GenerateAsync_DeadlineReached_FailsAndAbandonsItsImages()
    {
        var request = _queue.GenerateAsync(Jobs.Submission(1, _options), CancellationToken.None);
        var job = Assert.Single(_scheduler.TakeAll());

        _clock.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAsync<DeadlineExceededException>(() => request);
        Assert.False(job.IsWanted);
    }

    [Fact]
    public async Task GenerateAsync_CallerHangsUp_IsCancelledAndAbandonsItsImages()
    {
        using var caller = new CancellationTokenSource();
        var request = _queue.GenerateAsync(Jobs.Submission(1, _options), caller.Token);
        var job = Assert.Single(_scheduler.TakeAll());

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.False(job.IsWanted);
    }

    [Fact]
    public async Task GenerateAsync_DeadlineOfTheRequest_NamesItsLimit()
    {
        var submission = Jobs.Submission(1, _options) with { Deadline = new RequestDeadline(TimeSpan.FromMilliseconds(1500), "timeout_ms") };
        var request = _queue.GenerateAsync(submission, CancellationToken.None);

        _clock.Advance(TimeSpan.FromMilliseconds(1500));

        var late = await Assert.ThrowsAsync<DeadlineExceededException>(() => request);
        Assert.Contains("1.5 s, the limit in timeout_ms", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enqueue_EventsAreNotRead_KeepsThemWithoutBlocking()
    {
        var events = _queue.Enqueue(Jobs.Submission(1, _options) with { Previews = 3 }, CancellationToken.None);
        var job = Assert.Single(_scheduler.TakeAll());
        for (var index = 0; index < 3; index++)
        {
            job.PreviewsLeft()!.Deliver(new ImagePreview(index, new RgbImage(1, 1, new byte[3])));
        }

        job.Succeed(Finished(job));

        var seen = new List<InferenceEvent>();
        await foreach (var item in events)
        {
            seen.Add(item);
        }

        Assert.Equal([0, 1, 2], seen.OfType<InferenceEvent.Previewed>().Select(item => item.Preview.Index));
        Assert.IsType<InferenceEvent.Finished>(seen[3]);
    }

    [Fact]
    public async Task Enqueue_DeadlinePassesAfterTheLastImage_EndsWithoutAnError()
    {
        var (events, jobs) = Watch(images: 2);
        await using var reader = events.GetAsyncEnumerator();
        foreach (var job in jobs)
        {
            job.Succeed(Finished(job));
        }

        Assert.True(await reader.MoveNextAsync());
        _clock.Advance(TimeSpan.FromSeconds(10)); // a slow reader

        Assert.True(await reader.MoveNextAsync());
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task Enqueue_DeadlinePassesBeforeTheLastImage_ReturnsFinishedImagesThenTheError()
    {
        var (events, jobs) = Watch(images: 2);
        await using var reader = events.GetAsyncEnumerator();
        jobs[0].Succeed(Finished(jobs[0]));
        Assert.True(await reader.MoveNextAsync());

        _clock.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAsync<DeadlineExceededException>(async () => await reader.MoveNextAsync());
    }

    [Fact]
    public async Task Enqueue_ReaderStopsEarly_AbandonsItsImages()
    {
        var events = _queue.Enqueue(Jobs.Submission(2, _options), CancellationToken.None);
        var jobs = _scheduler.TakeAll();
        jobs[0].Succeed(Finished(jobs[0]));

        await foreach (var _ in events)
        {
            break;
        }

        Assert.False(jobs[1].IsWanted);
    }

    [Fact]
    public async Task GenerateAsync_OneImageFails_AbandonsTheOthers()
    {
        var request = _queue.GenerateAsync(Jobs.Submission(2, _options), CancellationToken.None);
        var jobs = _scheduler.TakeAll();
        var (first, second) = (jobs[0], jobs[1]);

        first.Fail(new GenerationFailedException("broken"));

        await Assert.ThrowsAsync<GenerationFailedException>(() => request);
        Assert.False(second.IsWanted);
    }

    [Fact]
    public async Task GenerateAsync_Stopping_IsRejected()
    {
        _state.BecomeStopping();
        _queue.Close();

        var refused = await Assert.ThrowsAsync<ModelNotReadyException>(() => _queue.GenerateAsync(Jobs.Submission(1, _options), CancellationToken.None));

        Assert.Contains("shutting down", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_MoreImagesThanTheQueueHolds_Throws()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _queue.GenerateAsync(Jobs.Submission(5, _options), CancellationToken.None));
    }

    [Fact]
    public void IsFinished_ClosedButNotEmpty_IsFalse()
    {
        _ = _queue.GenerateAsync(Jobs.Submission(1, _options), CancellationToken.None);
        _queue.Close();
        Assert.False(_queue.IsFinished);

        _scheduler.TakeAll();

        Assert.True(_queue.IsFinished);
    }

    private (IAsyncEnumerable<InferenceEvent> Events, IReadOnlyList<InferenceJob> Jobs) Watch(int images) =>
        (_queue.Enqueue(Jobs.Submission(images, _options), CancellationToken.None), _scheduler.TakeAll());

    private void Start(IEnumerable<InferenceJob> jobs)
    {
        foreach (var job in jobs)
        {
            job.MarkStarted(_clock.GetUtcNow());
        }
    }

    private static GeneratedImage Finished(InferenceJob job) =>
        new(job.Specification, new RgbImage(1, 1, new byte[3]), [], [], new StageTimings(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));
}
