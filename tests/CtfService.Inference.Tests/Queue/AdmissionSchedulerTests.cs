using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

public sealed class AdmissionSchedulerTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly StageCostEstimator _estimator = new();
    private readonly AdmissionScheduler _scheduler;
    private readonly DeviceShare _device;

    public AdmissionSchedulerTests()
    {
        _scheduler = new AdmissionScheduler(_clock);
        _device = new DeviceShare(new DeviceState("cpu"), _estimator);
        _scheduler.Join(_device);
    }

    [Fact]
    public void Next_QueueIsEmpty_ReturnsNull()
    {
        Assert.Null(Next(freeRows: 4));
    }

    [Fact]
    public void Next_RowsAreFree_ReturnsTheOldest()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 1)));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2)));

        Assert.Equal(1UL, Next(freeRows: 1)!.Specification.Seed);
        Assert.Equal(2UL, Next(freeRows: 1)!.Specification.Seed);
        Assert.True(_scheduler.IsEmpty);
    }

    [Fact]
    public void Next_OldestDoesNotFit_BlocksLaterImages()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.GuidedImage(seed: 1)));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2)));

        Assert.Null(Next(freeRows: 1));
        Assert.Equal(1UL, Next(freeRows: 2)!.Specification.Seed);
    }

    [Fact]
    public void Next_OldestDoesNotFit_ReturnsImagesWithoutRows()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.GuidedImage(seed: 1)));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2)));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 3) with { Layout = new LayoutSource.Given([]) }));

        Assert.Equal(3UL, Next(freeRows: 1)!.Specification.Seed);
        Assert.Null(Next(freeRows: 1));
        Assert.Equal(1UL, Next(freeRows: 2)!.Specification.Seed);
    }

    [Fact]
    public void PutBack_ImageThatRan_ComesBeforeAllOthers()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2)));

        _scheduler.PutBack(Jobs.At(_clock, Jobs.Image(seed: 1)));

        Assert.Equal([1UL, 2UL], Enumerable.Range(0, 2).Select(_ => Next(freeRows: 1)!.Specification.Seed));
    }

    [Fact]
    public void DropUnwanted_CallerHungUp_RemovesTheImageAndCancelsIt()
    {
        using var caller = new CancellationTokenSource();
        var job = Jobs.At(_clock, abandoned: caller.Token);
        _scheduler.Add(job);
        _scheduler.Add(Jobs.At(_clock));
        caller.Cancel();

        _scheduler.DropUnwanted();

        Assert.True(job.Completion.IsCanceled);
        Assert.False(_scheduler.IsEmpty);
    }

    [Fact]
    public async Task DropUnwanted_DeadlineReached_FailsWithDeadlineExceeded()
    {
        var job = Jobs.At(_clock, timeout: TimeSpan.FromSeconds(1));
        _scheduler.Add(job);
        _clock.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
        _scheduler.DropUnwanted();
        Assert.False(job.Completion.IsCompleted);

        _clock.Advance(TimeSpan.FromTicks(1));
        _scheduler.DropUnwanted();

        Assert.True(_scheduler.IsEmpty);
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

        Assert.Equal(1UL, Next(freeRows: 1)!.Specification.Seed);
        Assert.Equal(3UL, Next(freeRows: 1)!.Specification.Seed);
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

    [Fact]
    public void Next_InteractiveImageWaits_StartsNoBulkImage()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 1), priority: ImagePriority.Bulk));
        _scheduler.Add(Jobs.At(_clock, Jobs.GuidedImage(seed: 2)));

        Assert.Null(_scheduler.Next(_device, None(freeRows: 1), None(freeRows: 1))); // one row is free, but the interactive image needs two
        Assert.Equal(2UL, _scheduler.Next(_device, None(freeRows: 2), None(freeRows: 2))!.Specification.Seed);
    }

    [Fact]
    public void Next_InteractiveImageRuns_StartsNoBulkImage()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 1), priority: ImagePriority.Bulk));
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2) with { Layout = new LayoutSource.Given([]) }, priority: ImagePriority.Bulk));

        Assert.Null(_scheduler.Next(_device, None(freeRows: 8) with { Drawn = 1 }, None(freeRows: 8)));
        Assert.Null(_scheduler.Next(_device, None(freeRows: 8) with { Layouts = 1 }, None(freeRows: 8)));
        Assert.Equal(1UL, _scheduler.Next(_device, None(freeRows: 8), None(freeRows: 8))!.Specification.Seed);
    }

    [Fact]
    public void Next_BulkImagesHaveTheirRows_StartsNoMore()
    {
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 1), priority: ImagePriority.Bulk));

        Assert.Null(_scheduler.Next(_device, None(freeRows: 8), None(freeRows: 0)));
    }

    [Fact]
    public async Task FailBulk_BothKindsWait_KeepsTheInteractiveImage()
    {
        var bulk = Jobs.At(_clock, priority: ImagePriority.Bulk);
        _scheduler.Add(bulk);
        _scheduler.Add(Jobs.At(_clock, Jobs.Image(seed: 2)));

        _scheduler.FailBulk(() => new InvalidOperationException("the end"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => bulk.Completion);
        Assert.Equal(2UL, Next(freeRows: 1)!.Specification.Seed);
        Assert.True(_scheduler.IsEmpty);
    }

    [Fact]
    public void WaitForChange_JobIsAdded_ReturnsAtOnce()
    {
        var seen = _scheduler.Changes;
        _scheduler.Add(Jobs.At(_clock));

        _scheduler.WaitForChange(seen);

        Assert.False(_scheduler.IsEmpty);
    }

    private static RunningImages None(int freeRows) => new(freeRows, Drawn: 0, Layouts: 0);

    /// <summary>Returns the next image while one interactive image runs.</summary>
    private InferenceJob? Next(int freeRows) => _scheduler.Next(_device, new RunningImages(freeRows, Drawn: 1, Layouts: 0), new RunningImages());
}
