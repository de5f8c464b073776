using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Routing;

public sealed class ModelLeaseTests
{
    private readonly ImageSubmission _submission = Jobs.Submission(1, new InferenceOptions());

    [Fact]
    public void Dispose_Twice_ReleasesOnce()
    {
        var released = 0;
        var lease = new ModelLease(FakeModels.Fruits, new Queue(), () => released++);

        lease.Dispose();
        lease.Dispose();

        Assert.Equal(1, released);
    }

    [Fact]
    public void Enqueue_Admitted_ReleasesAfterwards()
    {
        var queue = new Queue();
        var released = 0;
        using var lease = new ModelLease(FakeModels.Fruits, queue, () => released += queue.Orders);

        lease.Enqueue(_submission, CancellationToken.None);

        Assert.Equal(1, released); // released only after the submission
    }

    [Fact]
    public void Enqueue_Rejected_ReleasesTheLease()
    {
        var released = 0;
        using var lease = new ModelLease(FakeModels.Fruits, new Queue { IsFull = true }, () => released++);

        Assert.Throws<QueueFullException>(() => lease.Enqueue(_submission, CancellationToken.None));

        Assert.Equal(1, released);
    }

    [Fact]
    public void Enqueue_Disposed_Throws()
    {
        var lease = new ModelLease(FakeModels.Fruits, new Queue(), () => { });
        lease.Dispose();

        Assert.Throws<ObjectDisposedException>(() => lease.Enqueue(_submission, CancellationToken.None));
    }

    private sealed class Queue : IInferenceQueue
    {
        public int Orders { get; private set; }

        public bool IsFull { get; init; }

        public IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation)
        {
            Orders++;
            return IsFull ? throw new QueueFullException("full", TimeSpan.FromSeconds(1)) : AsyncEnumerable.Empty<InferenceEvent>();
        }
    }
}
