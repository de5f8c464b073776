using CtfService.Core.Generation;
using CtfService.Core.Models;

namespace CtfService.Inference.Queue;

/// <summary>The way in: images wait here until the worker takes them. Any thread.</summary>
public interface IInferenceQueue
{
    /// <summary>Queues all images of a request or none, and returns them finished, in order.</summary>
    /// <param name="images">1..<see cref="InferenceOptions.MaxQueuedImages"/> images.</param>
    /// <param name="cancellation">The caller hung up: images that have not started never will.</param>
    /// <exception cref="QueueFullException">Too little room; nothing was queued.</exception>
    /// <exception cref="ModelNotReadyException">Loading, failed or shutting down.</exception>
    /// <exception cref="DeadlineExceededException">Not finished within <see cref="InferenceOptions.RequestTimeout"/>.</exception>
    /// <exception cref="GenerationFailedException">The step that held an image failed; already logged.</exception>
    /// <exception cref="OutOfDeviceMemoryException">An image does not fit the device, even with fewer beside it; already logged.</exception>
    Task<IReadOnlyList<InferenceResult>> GenerateAsync(IReadOnlyList<ImageSpecification> images, CancellationToken cancellation);
}

/// <summary>A finished image and how long it waited to start.</summary>
public sealed record InferenceResult(GeneratedImage Image, TimeSpan QueueTime);
