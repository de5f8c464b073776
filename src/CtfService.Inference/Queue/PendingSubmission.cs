using System.Threading.Channels;
using CtfService.Core.Generation;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// One request while its images are on their way: its deadline, its images, and what has become of them. The worker writes, the caller reads, and neither waits for
/// the other.
/// </summary>
internal sealed class PendingSubmission : IDisposable
{
    private readonly InferenceMetrics _metrics;
    private readonly RequestDeadline _deadline;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _expiry;
    private readonly CancellationTokenSource _abandoned;
    private readonly Channel<InferenceEvent> _events; // as many as there can be, so that writing never waits
    private volatile bool _isLate; // set at the deadline if an image was missing then

    public PendingSubmission(ImageSubmission submission, InferenceMetrics metrics, TimeProvider clock, CancellationToken caller)
    {
        (_metrics, _deadline, _caller) = (metrics, submission.Deadline, caller);
        _expiry = new CancellationTokenSource(submission.Deadline.Timeout, clock);
        _abandoned = CancellationTokenSource.CreateLinkedTokenSource(caller, _expiry.Token);
        _events = Channel.CreateBounded<InferenceEvent>(new BoundedChannelOptions(submission.Images.Count * (submission.Previews + 1)) { SingleReader = true });
        var now = clock.GetUtcNow();
        var trace = Tracing.CurrentTrace;
        Jobs = [.. submission.Images.Select((image, index) => new InferenceJob(image, now, submission.Deadline, _abandoned.Token)
        {
            Trace = trace,
            Previews = submission.Previews == 0 ? null : new PreviewOptions(submission.Previews, preview => _events.Writer.TryWrite(new InferenceEvent.Previewed(index, preview))),
        })];
        _expiry.Token.UnsafeRegister(_ => _isLate = Jobs.Any(job => !job.Completion.IsCompleted), state: null);
    }

    /// <summary>One for each image, in submission.</summary>
    public IReadOnlyList<InferenceJob> Jobs { get; }

    /// <summary>What becomes of the images; to be read once. Ends after the last image or at the first that fails: then nobody wants the others.</summary>
    public async IAsyncEnumerable<InferenceEvent> Events()
    {
        try
        {
            _ = ForwardAsync();
            var unfinished = Jobs.Count;
            while (unfinished > 0 && await MoreAsync().ConfigureAwait(false))
            {
                while (_events.Reader.TryRead(out var seen))
                {
                    unfinished -= seen is InferenceEvent.Finished ? 1 : 0;
                    yield return seen;
                }
            }
        }
        finally
        {
            await _abandoned.CancelAsync().ConfigureAwait(false);
            Dispose();
        }
    }

    public void Dispose()
    {
        _abandoned.Dispose();
        _expiry.Dispose();
    }

    /// <summary>The deadline is for the images: what was finished in time is given to a reader who comes later.</summary>
    private async ValueTask<bool> MoreAsync()
    {
        try
        {
            return await _events.Reader.WaitToReadAsync(_abandoned.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_expiry.IsCancellationRequested && !_caller.IsCancellationRequested)
        {
            if (_events.Reader.TryPeek(out _))
            {
                return true;
            }

            return _isLate ? throw _deadline.Exceeded() : await _events.Reader.WaitToReadAsync(_caller).ConfigureAwait(false);
        }
    }

    /// <summary>Passes on every image that ends. An image comes after its previews, which the worker has written before it completes the job.</summary>
    private async Task ForwardAsync()
    {
        try
        {
            await foreach (var ended in Task.WhenEach(Jobs.Select(Finished)).ConfigureAwait(false))
            {
                _events.Writer.TryWrite(await ended.ConfigureAwait(false));
            }

            _events.Writer.TryComplete();
        }
        // Not handled here but where the caller reads.
        catch (Exception error)
        {
            _events.Writer.TryComplete(error);
        }
    }

    private async Task<InferenceEvent> Finished(InferenceJob job, int index)
    {
        var image = await job.Completion.ConfigureAwait(false);
        ImageTelemetry.Finished(_metrics, index, image, job.EnqueuedAt, job.QueueTime, job.Batch);
        return new InferenceEvent.Finished(index, image, job.QueueTime);
    }
}
