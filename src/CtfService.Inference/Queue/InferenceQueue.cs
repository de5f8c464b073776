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
    /// <summary>Factor of <see cref="InferenceOptions.MaxBacklog"/> for callers with a reservation, who come at the same time as newcomers.</summary>
    private const int MostForReserved = 4;

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
            Admit(pending.Jobs, submission);
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

    /// <summary>Returns how full the queue is.</summary>
    public QueueReport Report() => _load.Report(_options.MaxQueuedImages, _state.Model?.TokenCount);

    /// <summary>True after <see cref="EndBulk"/> or <see cref="Close"/>.</summary>
    public bool BulkHasEnded => _bulkHasEnded;

    /// <summary>True if the queue is closed, and no image waits or runs: no worker will ever have work again.</summary>
    public bool IsFinished => _isClosed && _scheduler.IsIdle;

    private void Admit(IReadOnlyList<InferenceJob> jobs, ImageSubmission submission)
    {
        var isBulk = submission.Priority == ImagePriority.Bulk;
        lock (_admission)
        {
            var model = _state.RequireReady().Model;
            if (!isBulk)
            {
                RequireRoom(submission, model.TokenCount);
                RequireTime(submission, model.TokenCount);
            }
            else if (_bulkHasEnded)
            {
                throw CallerErrors.BulkEnded();
            }

            _state.BeginTrial(_options.FailedStepsPause);
            foreach (var job in jobs)
            {
                job.MarkQueued(_metrics.ImageQueued(job.Specification, submission.Priority), isBulk ? null : _load); // bulk images wait beside the queue
            }

            _scheduler.Add(jobs); // under the lock, so that no job arrives after Close
        }
    }

    /// <param name="labels">Number of labels of an image.</param>
    private void RequireRoom(ImageSubmission submission, int labels)
    {
        var (flow, images, request) = (submission.Flow, submission.Images.Count, RetriedRequest.Of(submission));
        var isReserved = _reservations.TryRedeem(request);
        var free = Math.Max(0, _options.MaxQueuedImages - _load.Waiting);
        var (own, all) = (_scheduler.Flows.Of(flow), _scheduler.Flows.Read());
        var share = QueueShare.Of(own, all);
        if (share.IsLimited && share.Room(free) < images)
        {
            var retryAfter = RetryAfter(own.TurnsWith(all, share.MustStart(images, free)) + _reservations.Images(flow.Name), labels);
            _reservations.Add(request, retryAfter, isShare: true);
            throw CallerErrors.ShareFull(share.Room(free), own.Waiting, _options.MaxQueuedImages, images, retryAfter);
        }

        var room = Math.Max(0, free - (isReserved ? 0 : _reservations.Kept(flow.Name)));
        if (room < images)
        {
            throw Full(request, room, labels, isShare: free >= images);
        }

        if (_options.MaxBacklog is { } most)
        {
            RequireBacklog(submission, request, isReserved ? MostForReserved * most : most, labels);
        }
    }

    /// <summary>Refuses a submission that has too much before it.</summary>
    private void RequireBacklog(ImageSubmission submission, RetriedRequest request, TimeSpan most, int labels)
    {
        if (_load.Backlog(submission, labels) is var backlog && backlog > most)
        {
            var reserved = _reservations.Images(request.Flow); // those of others come before it too
            var retryAfter = WholeSeconds(backlog - most + (reserved == 0 ? TimeSpan.Zero : _load.Forecast(reserved, labels)));
            _reservations.Add(request, retryAfter, isShare: false, RetryReservations.ShortGrace);
            throw CallerErrors.TooMuchBefore(backlog, most, retryAfter);
        }
    }

    /// <summary>Refuses a submission that cannot end in time, before it costs others any.</summary>
    private void RequireTime(ImageSubmission submission, int labels)
    {
        var (limit, source) = submission.Deadline;
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        var (now, idle) = _load.UntilEnded(submission, labels);
        if (now > limit)
        {
            TimeSpan? retryAfter = idle > limit ? null : WholeSeconds(now - limit);
            if (retryAfter is { } wait)
            {
                _reservations.Add(RetriedRequest.Of(submission), wait, isShare: false);
            }

            throw CallerErrors.DeadlineTooShort(now, limit, source, retryAfter);
        }
    }

    /// <summary>
    /// Returns the error of a submission that does not fit. Room is available once the excess images have started, counting those that are reserved; the
    /// caller gets a reservation too.
    /// </summary>
    /// <param name="isShare">True if there is room, but reserved: then its own reservation counts in its flow only.</param>
    private QueueFullException Full(RetriedRequest request, int room, int labels, bool isShare)
    {
        var retryAfter = RetryAfter(_load.Waiting + _reservations.Images(request.Flow) + request.Images - _options.MaxQueuedImages, labels);
        _reservations.Add(request, retryAfter, isShare);
        return CallerErrors.QueueFull(room, _options.MaxQueuedImages, request.Images, retryAfter);
    }

    /// <param name="images">Number of waiting images that must start before.</param>
    private TimeSpan RetryAfter(int images, int labels) => WholeSeconds(_load.Forecast(images, labels));

    /// <summary>Rounds up, because Retry-After counts seconds.</summary>
    private static TimeSpan WholeSeconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(time.TotalSeconds)));
}
