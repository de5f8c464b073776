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

/// <summary>For callers that need all images at once.</summary>
public static class InferenceQueueExtensions
{
    /// <summary>Enqueues the images and returns them in the order of the submission. Throws what <see cref="IInferenceQueue.Enqueue"/> throws.</summary>
    public static Task<IReadOnlyList<InferenceEvent.Finished>> GenerateAsync(
        this IInferenceQueue queue, ImageSubmission submission, CancellationToken cancellation) =>
        queue.Enqueue(submission, cancellation).FinishedImagesAsync(submission.Images.Count);

    /// <summary>Reads the events to their end and returns the finished images in the order of the submission.</summary>
    /// <param name="count">The number of images in the submission.</param>
    public static async Task<IReadOnlyList<InferenceEvent.Finished>> FinishedImagesAsync(this IAsyncEnumerable<InferenceEvent> events, int count)
    {
        var images = new InferenceEvent.Finished[count];
        await foreach (var progress in events.ConfigureAwait(false))
        {
            if (progress is InferenceEvent.Finished finished)
            {
                images[finished.Index] = finished;
            }
        }

        return images;
    }
}
