using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

/// <summary>Two devices in front of one line.</summary>
public sealed class DeviceSharingTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly AdmissionScheduler _scheduler;
    private readonly DeviceShare _first = new(new DeviceState("cuda:0"), new StageCostEstimator());
    private readonly DeviceShare _second = new(new DeviceState("cuda:1"), new StageCostEstimator());

    public DeviceSharingTests()
    {
        _scheduler = new AdmissionScheduler(_clock);
        _scheduler.Join(_first);
        _scheduler.Join(_second);
        Assert.Empty(Take(_first, Idle()));
        Assert.Empty(Take(_second, Idle()));
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(2, 1, 1)]
    [InlineData(5, 3, 2)]
    [InlineData(8, 4, 4)]
    public void Next_BothDevicesAreIdle_TakeEqualShares(int images, int first, int second)
    {
        Add(images);

        Assert.Equal(first, Take(_first, Idle()).Count);
        Assert.Equal(second, Take(_second, Idle()).Count);
        Assert.True(_scheduler.IsEmpty);
    }

    [Fact]
    public void Next_OneDeviceRunsMore_LeavesTheImageToTheOther()
    {
        Assert.Empty(Take(_first, Idle() with { Drawn = 3 }));
        Add(1);

        Assert.Empty(Take(_first, Idle() with { Drawn = 3 }));
        Assert.Single(Take(_second, Idle() with { Drawn = 1 }));
    }

    [Fact]
    public void Next_OtherDeviceIsFull_TakesAll()
    {
        Assert.Empty(Take(_second, new RunningImages(FreeRows: 0, Drawn: 1, Layouts: 0)));
        Add(6);

        Assert.Equal(6, Take(_first, Idle()).Count);
    }

    [Fact]
    public void Next_OtherDeviceNeverLooks_TakesTheLastImageToo()
    {
        Assert.Empty(Take(_second, Idle() with { Drawn = 1 })); // and then it stands still
        Add(4);

        var taken = 0;
        while (!_scheduler.IsEmpty)
        {
            taken += Take(_first, Idle()).Count; // those that it took have finished
        }

        Assert.Equal(4, taken);
    }

    [Fact]
    public void Next_OtherDeviceRunsAnInteractiveImage_TakesAllBulkImages()
    {
        _scheduler.Next(_second, Idle() with { Drawn = 1 }, Idle());
        Add(4, ImagePriority.Bulk);

        Assert.Equal(4, Take(_first, Idle()).Count);
    }

    [Fact]
    public void TryRestart_ImageFailed_GoesToTheOtherDeviceOnly()
    {
        Add(2);
        var job = Take(_first, Idle())[0];

        Assert.True(_scheduler.TryRestart(job, _first));

        Assert.Empty(Take(_first, Idle()));
        Assert.Same(job, Assert.Single(Take(_second, Idle()))); // before all others
        Assert.Equal(2UL, Assert.Single(Take(_first, Idle())).Specification.Seed);
    }

    [Fact]
    public void TryRestart_ImageFailedBefore_IsRefused()
    {
        Add(1);
        var job = Take(_first, Idle())[0];
        Assert.True(_scheduler.TryRestart(job, _first));
        Assert.Same(job, Assert.Single(Take(_second, Idle())));

        Assert.False(_scheduler.TryRestart(job, _second));
    }

    [Fact]
    public void TryRestart_NoOtherDevice_IsRefused()
    {
        Add(1);
        var job = Take(_first, Idle())[0];
        Assert.False(_scheduler.Leave(_second));

        Assert.False(_scheduler.TryRestart(job, _first));
        Assert.True(_scheduler.Leave(_first));
    }

    [Fact]
    public void Next_OtherDeviceLeaves_TakesTheImageThatFailedHere()
    {
        Add(1);
        var job = Take(_first, Idle())[0];
        _scheduler.TryRestart(job, _first);
        var seen = _scheduler.Changes;

        _scheduler.Leave(_second);

        _scheduler.WaitForChange(seen);
        Assert.Same(job, Assert.Single(Take(_first, Idle())));
    }

    [Fact]
    public void IsIdle_AnImageRunsOnEitherDevice_IsFalse()
    {
        Assert.True(_scheduler.IsIdle);
        Assert.Empty(Take(_second, Idle() with { Layouts = 1 }));

        Assert.False(_scheduler.IsIdle);
    }

    private static RunningImages Idle() => new(FreeRows: 16, Drawn: 0, Layouts: 0);

    private void Add(int images, ImagePriority priority = ImagePriority.Interactive) =>
        _scheduler.Add([.. Jobs.Images(images).Select(image => Jobs.At(_clock, image, priority: priority))]);

    /// <summary>Lets a device take all that it may.</summary>
    private List<InferenceJob> Take(DeviceShare device, RunningImages running)
    {
        var taken = new List<InferenceJob>();
        var bulk = running with { Drawn = 0, Layouts = 0 };
        while (_scheduler.Next(device, running, bulk) is { } job)
        {
            taken.Add(job);
            var more = (FreeRows: -job.Specification.Rows, Drawn: 1);
            running = job.Priority == ImagePriority.Bulk ? running : running with { FreeRows = running.FreeRows + more.FreeRows, Drawn = running.Drawn + 1 };
            bulk = job.Priority == ImagePriority.Bulk ? bulk with { FreeRows = bulk.FreeRows + more.FreeRows, Drawn = bulk.Drawn + 1 } : bulk;
        }

        return taken;
    }
}
