using System.Threading.Channels;
using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// Bounded queue between the request threads and the one worker thread, counted in images. Callers use <see cref="Enqueue"/>
/// from any thread; <see cref="TakeArrivals"/> and <see cref="WaitForJobs"/> are the worker's.
/// </summary>
internal sealed class InferenceQueue : IInferenceQueue
{
    private readonly InferenceOptions _options;
    private readonly ModelState _state;
    private readonly QueueLoad _work;
    private readonly RetryReservations _reservations; // under _admission
    private readonly InferenceMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly Channel<InferenceJob> _channel;
    private readonly Lock _admission = new();
    private readonly object _arrival = new(); // Monitor: unlike an event it needs no disposal while the worker still waits on it
    private bool _awake; // under _arrival

    public InferenceQueue(InferenceOptions options, ModelState state, StageCostEstimator estimator, InferenceMetrics metrics, TimeProvider clock)
    {
        _options = options;
        _state = state;
        _work = new QueueLoad(estimator, options.MaxBatchRows);
        _reservations = new RetryReservations(options.MaxQueuedImages, clock);
        _metrics = metrics;
        _clock = clock;
        _channel = Channel.CreateBounded<InferenceJob>(new BoundedChannelOptions(options.MaxQueuedImages) { SingleReader = true });
    }

    public IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(submission.Images.Count, nameof(submission));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(submission.Images.Count, _options.MaxQueuedImages, nameof(submission));
        var pending = new PendingSubmission(submission, _metrics, _clock, cancellation);
        try
        {
            Admit(pending.Jobs);
        }
        catch
        {
            pending.Dispose();
            throw;
        }

        return pending.Events();
    }

    /// <summary>No job follows. The state must already say why, unless nobody has a lease; what waits stays for the worker to finish or fail.</summary>
    public void Close()
    {
        lock (_admission)
        {
            _channel.Writer.TryComplete();
        }

        Wake();
    }

    /// <summary>True once closed and emptied: no job will ever come again.</summary>
    public bool IsFinished => _channel.Reader.Completion.IsCompleted;

    /// <summary>Every job that has come, oldest first. Under the lock, so that the images of one request come together.</summary>
    public IReadOnlyList<InferenceJob> TakeArrivals()
    {
        if (_channel.Reader.Count == 0)
        {
            return []; // the usual case between two decode steps: allocates nothing
        }

        lock (_admission)
        {
            var arrivals = new List<InferenceJob>();
            while (_channel.Reader.TryRead(out var job))
            {
                arrivals.Add(job);
            }

            return arrivals;
        }
    }

    /// <summary>Blocks the worker thread until a job comes, the queue closes, or someone calls <see cref="Wake"/>. May return early.</summary>
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

    private void Admit(IReadOnlyList<InferenceJob> jobs)
    {
        lock (_admission)
        {
            var model = _state.RequireReady().Model;
            var isExpected = _reservations.TryRedeem(jobs.Count);
            if (Room(isExpected) < jobs.Count)
            {
                throw Full(jobs.Count, isExpected, model.TokenCount);
            }

            _state.BeginTrial(_options.FailedStepsPause);
            foreach (var job in jobs)
            {
                job.MarkQueued(_metrics.ImageQueued(job.Specification), _work);
                _channel.Writer.TryWrite(job); // cannot fail: the channel holds at most the images that wait
            }
        }

        Wake();
    }

    /// <param name="isExpected">The caller was told to come back now.</param>
    private int Room(bool isExpected) => Math.Max(0, _options.MaxQueuedImages - _work.Waiting - (isExpected ? 0 : _reservations.Kept));

    /// <summary>
    /// Room comes when as many images have started as are too many, those included that were promised a place before. The caller is promised one as well.
    /// </summary>
    private QueueFullException Full(int asked, bool isExpected, int steps)
    {
        var room = Room(isExpected);
        var ahead = _work.Waiting + _reservations.Images + asked - _options.MaxQueuedImages;
        var retryAfter = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(_work.Forecast(ahead, steps).TotalSeconds))); // the unit of Retry-After
        _reservations.Add(asked, retryAfter);
        return new QueueFullException(
            $"The queue has room for {room} more images of {_options.MaxQueuedImages} (Inference:MaxQueuedImages); {asked} were asked for. "
            + $"Try again in {retryAfter.TotalSeconds:0} s.",
            retryAfter);
    }
}
