using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// One image on its way through queue, scheduler and worker. Completed once, by the worker, the deadline or a caller that hangs up, whichever is first.
/// Thread-safe, except that only the thread of the worker that holds the image calls <see cref="MarkStarted"/>, <see cref="MarkRestarted"/>,
/// <see cref="PreviewsLeft"/> and the setter of <see cref="Batch"/>, only the queue calls <see cref="MarkQueued"/>, and <see cref="FailedOn"/> is guarded by
/// the lock of the scheduler.
/// </summary>
internal sealed class InferenceJob(ImageSpecification specification, DateTimeOffset enqueuedAt, RequestDeadline deadline, CancellationToken abandoned)
{
    /// <summary>Continuations run asynchronously, so that the worker thread does not encode images.</summary>
    private readonly TaskCompletionSource<GeneratedImage> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DateTimeOffset _startedAt = enqueuedAt;
    private InFlightImage? _inFlight;
    private QueueLoad? _load;
    private int _lastPreview = -1;

    public ImageSpecification Specification { get; } = specification;

    public DateTimeOffset EnqueuedAt { get; } = enqueuedAt;

    /// <summary>The priority that its submission asked for.</summary>
    public ImagePriority Priority { get; init; } = ImagePriority.Interactive;

    /// <summary>The priority at which it runs: that of its submission, or a higher one (docs/adr/0022). Set by the scheduler before the image starts.</summary>
    public ImagePriority Level { get; set; } = ImagePriority.Interactive;

    public ImageFlow Flow { get; init; } = ImageFlow.Common;

    /// <summary>The submission of the image: bulk submissions take turns. Null for an image of none.</summary>
    public PendingSubmission? Submission { get; init; }

    /// <summary>Null if the caller wants finished images only.</summary>
    public PreviewOptions? Previews { get; init; }

    public RequestDeadline Deadline { get; } = deadline;

    /// <summary>The trace of its request; null if the request is not traced.</summary>
    public ActivityContext? Trace { get; init; }

    /// <summary>The span of the batch that finished the image. Read it after <see cref="Completion"/>.</summary>
    public ActivityContext? Batch { get; set; }

    /// <summary>The device where the image failed before; null for none. It starts again on another device, once.</summary>
    public DeviceShare? FailedOn { get; set; }

    /// <summary>Name of the device that the image ran on last. Read after <see cref="Completion"/>.</summary>
    public string Device { get; private set; } = "";

    /// <summary>Time from admission to the last start. Read after <see cref="Completion"/>.</summary>
    public TimeSpan QueueTime => _startedAt - EnqueuedAt;

    public bool IsLate(DateTimeOffset now) => Deadline.HasPassed(EnqueuedAt, now);

    /// <summary>Cancelled when the caller no longer waits for this image.</summary>
    public CancellationToken Abandoned { get; } = abandoned;

    public Task<GeneratedImage> Completion => _completion.Task;

    /// <summary>True while a caller waits for this image.</summary>
    public bool IsWanted => !Abandoned.IsCancellationRequested && !_completion.Task.IsCompleted;

    /// <summary>Marks the image as admitted; from here on it is counted as waiting, running or ended.</summary>
    /// <param name="load">Null for a bulk image, which delays no request.</param>
    public void MarkQueued(InFlightImage image, QueueLoad? load)
    {
        (_inFlight, _load) = (image, load);
        load?.Entered(this);
    }

    public void MarkStarted(DateTimeOffset now, string device = "")
    {
        (_startedAt, Device) = (now, device);
        MoveTo(ImageState.Running);
    }

    /// <summary>Marks the image as waiting again, because it must restart. Call from the thread of the worker that held it.</summary>
    public void MarkRestarted() => MoveTo(ImageState.Waiting);

    /// <summary>Returns the previews that the generator must still deliver. A restarted image delivers none twice.</summary>
    public PreviewOptions? PreviewsLeft() => Previews is null ? null : new PreviewOptions(Previews.Count, preview =>
    {
        if (preview.Index > _lastPreview)
        {
            _lastPreview = preview.Index;
            Previews.Deliver(preview);
        }
    });

    public void Succeed(GeneratedImage image)
    {
        MoveTo(ImageState.Ended);
        _completion.TrySetResult(image);
    }

    public void Fail(Exception error)
    {
        MoveTo(ImageState.Ended);
        _completion.TrySetException(error);
    }

    public void Cancel()
    {
        MoveTo(ImageState.Ended);
        _completion.TrySetCanceled(Abandoned);
    }

    private void MoveTo(ImageState state)
    {
        if (_inFlight?.MoveTo(state) is { } from)
        {
            _load?.Moved(this, from, state);
        }
    }
}
