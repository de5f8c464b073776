using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Queue;

/// <summary>A key that floods the service leaves room in the queue for others.</summary>
public sealed class QueueShareTests
{
    private static readonly ImageFlow Flood = new("flood", 1);
    private static readonly ImageFlow Other = new("other", 1);
    private static readonly ImageFlow Heavy = new("heavy", 3);

    private readonly FakeTimeProvider _clock = new();
    private readonly InferenceOptions _options = new() { MaxQueuedImages = 64, RequestTimeout = TimeSpan.FromMinutes(10) };
    private readonly StageCostEstimator _estimator = new();
    private readonly AdmissionScheduler _scheduler;
    private readonly InferenceQueue _queue;

    public QueueShareTests()
    {
        var state = new ModelState(_clock);
        state.BecomeReady(FakeModels.Fruits);
        _scheduler = new AdmissionScheduler(_clock);
        _queue = new InferenceQueue(_options, state, _scheduler, _estimator, Measured.By(new TestMeters(), _clock, _options), _clock);
    }

    [Fact]
    public void Enqueue_OneKeyFloods_FillsHalfOfTheQueue()
    {
        Assert.Equal(32, Fill(Flood));
    }

    [Fact]
    public void Enqueue_TwoKeysFlood_LeaveAThird()
    {
        Assert.Equal(32, Fill(Flood));
        Start(Flood, 8);

        Assert.InRange(Fill(Other) + 24, 40, 48);
        Assert.Equal(0, Fill(Flood));
    }

    [Fact]
    public void Enqueue_KeysHaveWeights_GetPlacesByWeight()
    {
        Assert.Equal(32, Fill(Heavy));

        Assert.InRange(Fill(Flood), 9, 11);
    }

    [Fact]
    public void Enqueue_ServiceWithoutKeys_FillsTheQueue()
    {
        Assert.Equal(64, Fill(ImageFlow.Common));
    }

    [Fact]
    public void Enqueue_LargestRequestOfAKeyWithoutWaitingImages_FitsInWhatIsFree()
    {
        Assert.Null(TryAdd(Flood, 64));
        Start(Flood, 24);

        Assert.Null(TryAdd(Other, 24));
    }

    [Fact]
    public void Enqueue_ShareIsFull_SaysSoAndWhenToComeBack()
    {
        Fill(Flood);

        var refused = TryAdd(Flood, 16)!;

        Assert.True(refused.IsShare);
        Assert.Contains("This key has 32 images in the queue, and its share has room for 0 more of 64 images", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Enqueue_FloodIsRefusedOften_ReservesNothingBeforeOthers()
    {
        Fill(Flood);
        for (var request = 0; request < 100; request++)
        {
            Assert.NotNull(TryAdd(Flood, 16));
        }

        Assert.Null(TryAdd(Other, 16));
        Assert.NotNull(TryAdd(Flood, 16));
        Assert.Null(TryAdd(Heavy, 16)); // the last places
    }

    [Fact]
    public void Enqueue_QueueIsFull_SaysSo()
    {
        Assert.Null(TryAdd(Flood, 64));

        Assert.False(TryAdd(Other, 1)!.IsShare);
    }

    /// <summary>Adds images one by one until they are refused.</summary>
    private int Fill(ImageFlow flow)
    {
        var count = 0;
        while (TryAdd(flow, 1) is null)
        {
            count++;
        }

        return count;
    }

    private QueueFullException? TryAdd(ImageFlow flow, int images)
    {
        try
        {
            _queue.Enqueue(Jobs.Submission(images, _options) with { Flow = flow }, CancellationToken.None);
            return null;
        }
        catch (QueueFullException full)
        {
            return full;
        }
    }

    private void Start(ImageFlow flow, int images)
    {
        var waiting = _scheduler.TakeAll();
        foreach (var job in waiting.Where(job => job.Flow == flow).Take(images))
        {
            job.MarkStarted(_clock.GetUtcNow());
        }
    }
}
