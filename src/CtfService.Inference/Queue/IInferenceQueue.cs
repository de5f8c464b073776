using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>Accepts images for generation; they wait here until the worker takes them. Thread-safe.</summary>
public interface IInferenceQueue
{
    /// <summary>
    /// Enqueues all images of a submission or none, and returns their events as they happen: the previews of each image in order, then the image.
    /// </summary>
    /// <param name="cancellation">Cancelled when the caller no longer waits: waiting images never start, and running images stop at the next step.</param>
    /// <returns>
    /// The events; read them to the end or dispose the enumerator. Unread events are kept: at most the previews and the result of each image.
    /// </returns>
    /// <exception cref="QueueFullException">Thrown by the call itself: the queue, or the flow's share of it, is full; nothing was enqueued.</exception>
    /// <exception cref="DeadlineTooShortException">
    /// Thrown by the call itself: at the measured pace the images cannot end within <see cref="ImageSubmission.Deadline"/>; nothing was enqueued.
    /// </exception>
    /// <exception cref="ModelNotReadyException">
    /// Thrown by the call itself if the model is loading, has failed or is shutting down; thrown while reading if that happens later. For a bulk submission,
    /// also as soon as another model replaces this one.
    /// </exception>
    /// <exception cref="DeadlineExceededException">
    /// Thrown while reading: the images were not finished within <see cref="ImageSubmission.Deadline"/>.
    /// </exception>
    /// <exception cref="GenerationFailedException">Thrown while reading: a step that contained an image failed; already logged.</exception>
    /// <exception cref="OutOfDeviceMemoryException">
    /// Thrown while reading: an image does not fit in device memory, even in a smaller batch; already logged.
    /// </exception>
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

/// <summary>Progress of one image of a submission: one of the nested cases.</summary>
/// <param name="Index">Position of the image in the submission, from 0.</param>
public abstract record InferenceEvent(int Index)
{
    /// <summary>A preview of the image.</summary>
    public sealed record Previewed(int Index, ImagePreview Preview) : InferenceEvent(Index);

    /// <summary>The finished image.</summary>
    /// <param name="QueueTime">Time from admission to the start of the image.</param>
    public sealed record Finished(int Index, GeneratedImage Image, TimeSpan QueueTime) : InferenceEvent(Index);
}
