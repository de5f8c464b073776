using CtfService.Core.Models;
using CtfService.Inference.Queue;

namespace CtfService.Inference.Routing;

/// <summary>
/// One request's hold on the instance it began in: it is checked against this model and its images run there, whatever becomes the current model meanwhile. Held until
/// the images are admitted, as the instance finishes those in any case; so a caller who reads slowly keeps no replaced model in memory. One request's alone.
/// </summary>
/// <param name="release">Called once.</param>
public sealed class ModelLease(ModelDescription model, IInferenceQueue queue, Action release) : IInferenceQueue, IDisposable
{
    private int _released;

    public ModelDescription Model { get; } = model;

    /// <summary>Once: the lease ends with the call.</summary>
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
