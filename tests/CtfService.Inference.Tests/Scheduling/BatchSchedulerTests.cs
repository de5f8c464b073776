using CtfService.Core.Generation;
using CtfService.Inference.Scheduling;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Scheduling;

public sealed class BatchSchedulerTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(5);

    private readonly FakeTimeProvider _clock = new();
    private readonly BatchScheduler _scheduler;

    public BatchSchedulerTests()
    {
        _scheduler = new BatchScheduler(new InferenceOptions { MaxBatchRows = 4, MaxBatchWait = Wait }, _clock);
    }

    [Fact]
    public void Next_NothingWaits_ReturnsNull()
    {
        Assert.Null(_scheduler.Next());
        Assert.Equal(Timeout.InfiniteTimeSpan, _scheduler.TimeUntilDue());
    }

    [Fact]
    public void Next_RowsNotFull_WaitsForMore()
    {
        Add(3, guided: false);

        Assert.Null(_scheduler.Next());
        Assert.Equal(Wait, _scheduler.TimeUntilDue());
    }

    [Fact]
    public void Next_FirstJobReachesMaxWait_ReturnsPartialBatch()
    {
        Add(1, guided: false);
        _clock.Advance(Wait - TimeSpan.FromTicks(1));
        Add(1, guided: false);
        Assert.Null(_scheduler.Next());

        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(TimeSpan.Zero, _scheduler.TimeUntilDue());
        Assert.Equal(2, _scheduler.Next()!.Count);
    }

    [Fact]
    public void Next_RowsFull_ReturnsBatchAtOnce()
    {
        Add(5, guided: false);

        Assert.Equal(4, _scheduler.Next()!.Count);
        Assert.Null(_scheduler.Next());
    }

    [Fact]
    public void Next_GuidedImages_TakeTwoRowsEach()
    {
        Add(3, guided: true);

        Assert.Equal(2, _scheduler.Next()!.Count);
    }

    [Fact]
    public void Next_NextImageDoesNotFit_RunsWithoutItAndKeepsTheOrder()
    {
        Add(3, guided: false);
        Add(1, guided: true);
        Add(1, guided: false);

        var batch = _scheduler.Next()!;

        Assert.Equal(3, batch.Count);
        Assert.All(batch, job => Assert.Equal(1, job.Specification.Rows));
        _clock.Advance(Wait);
        Assert.Equal([2, 1], _scheduler.Next()!.Select(job => job.Specification.Rows));
    }

    [Fact]
    public void DropUnwanted_CallerHungUp_RemovesTheImageAndCancelsIt()
    {
        using var caller = new CancellationTokenSource();
        var job = Jobs.At(_clock, abandoned: caller.Token);
        _scheduler.Add(job);
        Add(1, guided: false);
        caller.Cancel();

        var dropped = _scheduler.DropUnwanted();

        Assert.Equal(1, dropped);
        Assert.True(job.Completion.IsCanceled);
        Assert.False(_scheduler.IsEmpty);
    }

    [Fact]
    public async Task DropUnwanted_DeadlineReached_FailsWithDeadlineExceeded()
    {
        var job = Jobs.At(_clock, timeout: TimeSpan.FromSeconds(1));
        _scheduler.Add(job);
        _clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        Assert.Equal(0, _scheduler.DropUnwanted());

        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(1, _scheduler.DropUnwanted());
        await Assert.ThrowsAsync<DeadlineExceededException>(() => job.Completion);
    }

    [Fact]
    public void DropUnwanted_WantedImages_KeepTheirOrder()
    {
        using var caller = new CancellationTokenSource();
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 1)));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2), abandoned: caller.Token));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 3)));
        caller.Cancel();

        _scheduler.DropUnwanted();

        _clock.Advance(Wait);
        Assert.Equal([1UL, 3UL], _scheduler.Next()!.Select(job => job.Specification.Seed));
    }

    [Fact]
    public async Task FailAll_JobsWait_FailsEachAndEmpties()
    {
        var job = Jobs.At(_clock);
        _scheduler.Add(job);

        var failed = _scheduler.FailAll(() => new InvalidOperationException("the end"));

        Assert.Equal(1, failed);
        Assert.True(_scheduler.IsEmpty);
        await Assert.ThrowsAsync<InvalidOperationException>(() => job.Completion);
    }

    private void Add(int count, bool guided)
    {
        for (var i = 0; i < count; i++)
        {
            _scheduler.Add(Jobs.At(_clock, guided ? Jobs.GuidedImage() : Jobs.Image()));
        }
    }
}
