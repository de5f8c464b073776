using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// One image on its way through queue, scheduler and worker. Completed once, by whoever comes first: the worker, the deadline, or a
/// caller who hung up. All members may be used from any thread but <see cref="MarkStarted"/>, <see cref="MarkRestarted"/>, <see cref="Batch"/> and <see cref="PreviewsLeft"/>,
/// which are the worker's, and <see cref="MarkQueued"/>, which is the queue's.
/// </summary>
internal sealed class InferenceJob(ImageSpecification specification, DateTimeOffset enqueuedAt, RequestDeadline deadline, CancellationToken abandoned)
{
    /// <summary>Continuations run elsewhere: the worker thread must not encode images.</summary>
    private readonly TaskCompletionSource<GeneratedImage> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DateTimeOffset _startedAt = enqueuedAt;
    private InFlightImage? _inFlight;
    private QueueLoad? _load;
    private int _lastPreview = -1;

    public ImageSpecification Specification { get; } = specification;

    public DateTimeOffset EnqueuedAt { get; } = enqueuedAt;

    /// <summary>Null where the caller wants to see finished images only.</summary>
    public PreviewOptions? Previews { get; init; }

    public RequestDeadline Deadline { get; } = deadline;

    /// <summary>The trace that its request belongs to; null where that is not traced.</summary>
    public ActivityContext? Trace { get; init; }

    /// <summary>The span of the batch that finished it; to be read after <see cref="Completion"/>.</summary>
    public ActivityContext? Batch { get; set; }

    /// <summary>Time from admission to the last start. Read after <see cref="Completion"/>.</summary>
    public TimeSpan QueueTime => _startedAt - EnqueuedAt;

    public bool IsLate(DateTimeOffset now) => EnqueuedAt + Deadline.Timeout <= now;

    /// <summary>Cancelled when nobody waits for this image any more.</summary>
    public CancellationToken Abandoned { get; } = abandoned;

    public Task<GeneratedImage> Completion => _completion.Task;

    /// <summary>True while someone waits for this image.</summary>
    public bool IsWanted => !Abandoned.IsCancellationRequested && !_completion.Task.IsCompleted;

    /// <summary>Admitted: from here on it is seen to wait, run and end.</summary>
    public void MarkQueued(InFlightImage image, QueueLoad load)
    {
        (_inFlight, _load) = (image, load);
        load.Entered(this);
    }

    public void MarkStarted(DateTimeOffset now)
    {
        _startedAt = now;
        MoveTo(ImageState.Running);
    }

    /// <summary>It has to start again. The worker's.</summary>
    public void MarkRestarted() => MoveTo(ImageState.Waiting);

    /// <summary>What the generator is to show. An image that has started again shows nothing twice.</summary>
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
            _load!.Moved(this, from, state);
        }
    }
}
