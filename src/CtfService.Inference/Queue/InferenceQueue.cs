using System.Threading.Channels;
using CtfService.Core.Generation;
using CtfService.Inference.Status;

namespace CtfService.Inference.Queue;

/// <summary>
/// Bounded queue between the request threads and the one worker thread, counted in images. Callers use <see cref="GenerateAsync"/>
/// from any thread; <see cref="TakeArrivals"/>, <see cref="WaitForJobs"/> and <see cref="Count"/> are the worker's.
/// </summary>
internal sealed class InferenceQueue : IInferenceQueue
{
    private readonly InferenceOptions _options;
    private readonly IModelStatus _status;
    private readonly GenerationPace _pace;
    private readonly TimeProvider _clock;
    private readonly Channel<InferenceJob> _channel;
    private readonly Lock _admission = new();
    private readonly object _arrival = new(); // Monitor: unlike an event it needs no disposal while the worker still waits on it
    private bool _awake; // under _arrival
    private int _waiting; // images admitted and not yet started or dropped; under _admission
    private int _running; // images in the generator; under _admission

    public InferenceQueue(InferenceOptions options, IModelStatus status, GenerationPace pace, TimeProvider clock)
    {
        _options = options;
        _status = status;
        _pace = pace;
        _clock = clock;
        _channel = Channel.CreateBounded<InferenceJob>(new BoundedChannelOptions(options.MaxQueuedImages) { SingleReader = true });
    }

    public async Task<IReadOnlyList<InferenceResult>> GenerateAsync(IReadOnlyList<ImageSpecification> images, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(images.Count, _options.MaxQueuedImages);
        using var expiry = new CancellationTokenSource(_options.RequestTimeout, _clock);
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellation, expiry.Token);
        var jobs = Admit(images, abandoned.Token);
        try
        {
            await foreach (var finished in Task.WhenEach(jobs.Select(job => job.Completion)).WithCancellation(abandoned.Token).ConfigureAwait(false))
            {
                await finished.ConfigureAwait(false); // throws at the first image that failed
            }

            return await Task.WhenAll(jobs.Select(job => job.Completion)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (expiry.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Expired(_options.RequestTimeout);
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false); // one image failed: nobody wants the others
        }
    }

    /// <summary>No job follows. The status must already say why; what waits stays for the worker to finish or fail.</summary>
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

    /// <summary>The worker's account of the images it took: how many wait more or fewer, and how many run more or fewer.</summary>
    public void Count(int waiting, int running)
    {
        if ((waiting, running) == (0, 0))
        {
            return;
        }

        lock (_admission)
        {
            _waiting += waiting;
            _running += running;
        }
    }

    public static DeadlineExceededException Expired(TimeSpan timeout) => new(
        $"The request was not finished within {timeout.TotalSeconds:0.###} s, the limit in Inference:RequestTimeout. Ask for fewer images or try again when the service is less busy.");

    private InferenceJob[] Admit(IReadOnlyList<ImageSpecification> images, CancellationToken abandoned)
    {
        var now = _clock.GetUtcNow();
        InferenceJob[] jobs = [.. images.Select(image => new InferenceJob(image, now, now + _options.RequestTimeout, abandoned))];
        lock (_admission)
        {
            _status.RequireModel();
            var excess = _waiting + jobs.Length - _options.MaxQueuedImages;
            if (excess > 0)
            {
                throw Full(jobs.Length, excess);
            }

            foreach (var job in jobs)
            {
                _channel.Writer.TryWrite(job); // cannot fail: the channel holds at most _waiting jobs
            }

            _waiting += jobs.Length;
        }

        Wake();
        return jobs;
    }

    /// <summary>Room comes when the running images and as many as are too many have been worked off.</summary>
    private QueueFullException Full(int asked, int excess)
    {
        var retryAfter = _pace.Estimate(_running + excess);
        return new QueueFullException(
            $"The queue has room for {_options.MaxQueuedImages - _waiting} more images of {_options.MaxQueuedImages} (Inference:MaxQueuedImages); {asked} were asked for. Try again in {retryAfter.TotalSeconds:0} s.",
            retryAfter);
    }
}
