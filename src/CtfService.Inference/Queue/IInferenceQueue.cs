using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>The way in: images wait here until the worker takes them. Any thread.</summary>
public interface IInferenceQueue
{
    /// <summary>Queues all images of a request or none, and returns what becomes of them as it comes: each image's previews in order, then the image.</summary>
    /// <param name="cancellation">The caller hung up: images that have not started never will, and those that run stop at the next step.</param>
    /// <returns>Must be read to its end or disposed. What nobody has read yet is kept: at most the previews and the image of each image asked for.</returns>
    /// <exception cref="QueueFullException">From the call itself: too little room; nothing was queued.</exception>
    /// <exception cref="ModelNotReadyException">From the call itself where the model is loading, has failed or shuts down; while reading where it does later.</exception>
    /// <exception cref="DeadlineExceededException">While reading: not finished within <see cref="ImageSubmission.Deadline"/>.</exception>
    /// <exception cref="GenerationFailedException">While reading: the step that held an image failed; already logged.</exception>
    /// <exception cref="OutOfDeviceMemoryException">While reading: an image does not fit the device, even with fewer beside it; already logged.</exception>
    IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation);
}

/// <summary>A finished image and how long it waited to start.</summary>
public sealed record InferenceResult(GeneratedImage Image, TimeSpan QueueTime);

/// <summary>For callers that want all images at once.</summary>
public static class InferenceQueueExtensions
{
    /// <summary>The finished images, in order. Throws what <see cref="IInferenceQueue.Enqueue"/> throws.</summary>
    public static Task<IReadOnlyList<InferenceResult>> GenerateAsync(this IInferenceQueue queue, ImageSubmission submission, CancellationToken cancellation) =>
        queue.Enqueue(submission, cancellation).ResultsAsync(submission.Images.Count);

    /// <summary>The same of a request that is on its way.</summary>
    /// <param name="images">As many as it asked for.</param>
    public static async Task<IReadOnlyList<InferenceResult>> ResultsAsync(this IAsyncEnumerable<InferenceEvent> events, int images)
    {
        var results = new InferenceResult[images];
        await foreach (var seen in events.ConfigureAwait(false))
        {
            if (seen is InferenceEvent.Finished finished)
            {
                results[finished.Place] = finished.Result;
            }
        }

        return results;
    }
}
