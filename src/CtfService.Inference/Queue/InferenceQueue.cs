using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// Queue between the request threads and the worker thread. Its capacity counts the interactive images that wait; bulk images are admitted beside them.
/// <see cref="Enqueue"/> is thread-safe; call <see cref="TakeArrivals"/> and <see cref="WaitForJobs"/> from the worker thread only.
/// </summary>
internal sealed class InferenceQueue : IInferenceQueue
{
    private readonly InferenceOptions _options;
    private readonly ModelState _state;
    private readonly QueueLoad _load;
    private readonly RetryReservations _reservations; // under _admission
    private readonly InferenceMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly List<InferenceJob> _arrivals = []; // under _admission
    private readonly Lock _admission = new();
    private bool _isClosed; // under _admission
    private volatile bool _hasArrivals; // written under _admission
    private volatile bool _bulkHasEnded; // written under _admission
    private readonly object _arrival = new(); // a monitor: unlike an event, it needs no disposal while the worker may still wait on it
    private bool _awake; // under _arrival

    public InferenceQueue(InferenceOptions options, ModelState state, StageCostEstimator estimator, InferenceMetrics metrics, TimeProvider clock)
    {
        _options = options;
        _state = state;
        _load = new QueueLoad(estimator, options.MaxBatchRows);
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
    /// Rejects further jobs. If a lease may be held, first set the state that gives the reason. Waiting jobs remain for the worker to finish or fail.
    /// </summary>
    public void Close()
    {
        lock (_admission)
        {
            (_isClosed, _bulkHasEnded) = (true, true);
        }

        Wake();
    }

    /// <summary>Rejects further bulk submissions; the worker fails the bulk images that wait or run before its next step.</summary>
    public void EndBulk()
    {
        lock (_admission)
        {
            _bulkHasEnded = true;
        }

        Wake();
    }

    /// <summary>True after <see cref="EndBulk"/> or <see cref="Close"/>.</summary>
    public bool BulkHasEnded => _bulkHasEnded;

    /// <summary>True if the queue is closed and empty: no job will ever arrive.</summary>
    public bool IsFinished
    {
        get
        {
            lock (_admission)
            {
                return _isClosed && _arrivals.Count == 0;
            }
        }
    }

    /// <summary>
    /// Removes and returns all jobs that have arrived, oldest first. Takes the admission lock, so that the images of one request arrive together.
    /// </summary>
    public IReadOnlyList<InferenceJob> TakeArrivals()
    {
        if (!_hasArrivals)
        {
            return []; // the usual case between two decode steps: no allocation
        }

        lock (_admission)
        {
            InferenceJob[] arrivals = [.. _arrivals];
            _arrivals.Clear();
            _hasArrivals = false;
            return arrivals;
        }
    }

    /// <summary>Blocks the worker thread until a job arrives, the queue closes, or <see cref="Wake"/> is called. May return early.</summary>
    public void WaitForJobs()
    {
        lock (_arrival)
        {
            while (!_awake)
            {
                Monitor.Wait(_arrival);
            }

            _awake = false;
        }
    }

    public void Wake()
    {
        lock (_arrival)
        {
            _awake = true;
            Monitor.Pulse(_arrival);
        }
    }

    private void Admit(IReadOnlyList<InferenceJob> jobs, ImagePriority priority)
    {
        lock (_admission)
        {
            RequireRoom(jobs.Count, priority);
            _state.BeginTrial(_options.FailedStepsPause);
            foreach (var job in jobs)
            {
                job.MarkQueued(_metrics.ImageQueued(job.Specification, priority), priority == ImagePriority.Bulk ? null : _load);
                _arrivals.Add(job);
            }

            _hasArrivals = true;
        }

        Wake();
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
