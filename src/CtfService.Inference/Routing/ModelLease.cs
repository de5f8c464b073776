using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Routing;

/// <summary>
/// Ties a request to the instance that was current when it began: the request is validated against this model and its images run there, even if another
/// model becomes current. Ends when the images are admitted, because the instance finishes those in any case; a slow reader therefore does not keep a replaced
/// model in memory. Not thread-safe.
/// </summary>
/// <param name="release">Releases the lease; called once.</param>
public sealed class ModelLease(ModelDescription model, IInferenceQueue queue, Action release) : IInferenceQueue, IDisposable
{
    private int _released;

    public ModelDescription Model { get; } = model;

    /// <summary>Enqueues images; the lease ends with the call. Call once.</summary>
    /// <inheritdoc/>
    public IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_released == 1, this);
        try
        {
            return queue.Enqueue(submission, cancellation);
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            release();
        }
    }
}
