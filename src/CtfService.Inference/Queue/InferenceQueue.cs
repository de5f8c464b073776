using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// Admits the images of request threads and gives them to the scheduler, where the worker threads take them. Its capacity counts the interactive images that
/// wait; bulk images are admitted beside them. Thread-safe.
/// </summary>
internal sealed class InferenceQueue : IInferenceQueue
{
    private readonly InferenceOptions _options;
    private readonly ModelState _state;
    private readonly AdmissionScheduler _scheduler;
    private readonly QueueLoad _load;
    private readonly RetryReservations _reservations; // under _admission
    private readonly InferenceMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly Lock _admission = new();
    private volatile bool _isClosed; // written under _admission
    private volatile bool _bulkHasEnded; // written under _admission

    public InferenceQueue(
        InferenceOptions options, ModelState state, AdmissionScheduler scheduler, StageCostEstimator estimator, InferenceMetrics metrics, TimeProvider clock)
    {
        _options = options;
        _state = state;
        _scheduler = scheduler;
        _load = new QueueLoad(estimator, options.MaxBatchRows, () => scheduler.Devices, scheduler.Flows);
        _reservations = new RetryReservations(options.MaxQueuedImages, clock);
        _metrics = metrics;
        _clock = clock;
    }

    public IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(submission.Images.Count, nameof(submission));
        if (submission.Priority == ImagePriority.Bulk)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(submission.Previews, 0, nameof(submission));
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(submission.Images.Count, _options.MaxQueuedImages, nameof(submission));
        }

        var pending = new PendingSubmission(submission, _metrics, _clock, cancellation);
        try
        {
            Admit(pending.Jobs, submission.Priority);
        }
        catch
        {
            pending.Dispose();
            throw;
        }

        return pending.Events();
    }

    /// <summary>
    /// Rejects further jobs. If a lease may be held, first set the state that gives the reason. Waiting jobs remain for the workers to finish or fail.
    /// </summary>
    public void Close()
    {
        lock (_admission)
        {
            (_isClosed, _bulkHasEnded) = (true, true);
        }

        _scheduler.Wake();
    }

    /// <summary>Rejects further bulk submissions; the workers fail the bulk images that wait or run before their next step.</summary>
    public void EndBulk()
    {
        lock (_admission)
        {
            _bulkHasEnded = true;
        }

        _scheduler.Wake();
    }

    /// <summary>True after <see cref="EndBulk"/> or <see cref="Close"/>.</summary>
    public bool BulkHasEnded => _bulkHasEnded;

    /// <summary>True if the queue is closed, and no image waits or runs: no worker will ever have work again.</summary>
    public bool IsFinished => _isClosed && _scheduler.IsIdle;

    private void Admit(IReadOnlyList<InferenceJob> jobs, ImagePriority priority)
    {
        lock (_admission)
        {
            RequireRoom(jobs.Count, priority);
            _state.BeginTrial(_options.FailedStepsPause);
            foreach (var job in jobs)
            {
                job.MarkQueued(_metrics.ImageQueued(job.Specification, priority), priority == ImagePriority.Bulk ? null : _load);
            }

            _scheduler.Add(jobs); // under the lock, so that no job arrives after Close
        }
    }

    private void RequireRoom(int images, ImagePriority priority)
    {
        var model = _state.RequireReady().Model;
        if (priority == ImagePriority.Bulk)
        {
            if (_bulkHasEnded)
            {
                throw CallerErrors.BulkEnded();
            }

            return; // bulk images wait beside the queue
        }

        var isReserved = _reservations.TryRedeem(images);
        if (Room(isReserved) < images)
        {
            throw Full(images, isReserved, model.TokenCount);
        }
    }

    /// <param name="isReserved">True if the caller has a reservation for this time.</param>
    private int Room(bool isReserved) => Math.Max(0, _options.MaxQueuedImages - _load.Waiting - (isReserved ? 0 : _reservations.Kept));

    /// <summary>
    /// Returns the error of a submission that does not fit. Room is available once the excess images have started, counting those that are reserved; the
    /// caller gets a reservation too.
    /// </summary>
    private QueueFullException Full(int requested, bool isReserved, int steps)
    {
        var room = Room(isReserved);
        var ahead = _load.Waiting + _reservations.Images + requested - _options.MaxQueuedImages;
        var retryAfter = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(_load.Forecast(ahead, steps).TotalSeconds))); // Retry-After counts seconds
        _reservations.Add(requested, retryAfter);
        return CallerErrors.QueueFull(room, _options.MaxQueuedImages, requested, retryAfter);
    }
}
