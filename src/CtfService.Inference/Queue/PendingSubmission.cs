using System.Threading.Channels;
using CtfService.Core.Generation;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;

namespace CtfService.Inference.Queue;

/// <summary>
/// A submission from admission to its last image: creates one job for each image and streams their events to the caller. The workers write and the caller
/// reads without waiting for each other.
/// </summary>
internal sealed class PendingSubmission : IDisposable
{
    private readonly InferenceMetrics _metrics;
    private readonly RequestDeadline _deadline;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _expiry;
    private readonly CancellationTokenSource _abandoned;
    private readonly Channel<InferenceEvent> _events; // has room for every possible event, so that writing never waits
    private volatile bool _isExpired; // set at the deadline if an image is unfinished

    public PendingSubmission(ImageSubmission submission, InferenceMetrics metrics, TimeProvider clock, CancellationToken caller)
    {
        (_metrics, _deadline, _caller) = (metrics, submission.Deadline, caller);
        _expiry = new CancellationTokenSource(submission.Deadline.Timeout, clock);
        _abandoned = CancellationTokenSource.CreateLinkedTokenSource(caller, _expiry.Token);
        _events = Channel.CreateBounded<InferenceEvent>(new BoundedChannelOptions(submission.Images.Count * (submission.Previews + 1)) { SingleReader = true });
        var now = clock.GetSteadyNow();
        var trace = submission.Priority == ImagePriority.Bulk ? null : Tracing.CurrentTrace; // thousands of spans would hide a trace
        Jobs = [.. submission.Images.Select((image, index) => new InferenceJob(image, now, submission.Deadline, _abandoned.Token)
        {
            Priority = submission.Priority,
            Flow = submission.Flow,
            Submission = this,
            Trace = trace,
            Previews = submission.Previews == 0
                ? null
                : new PreviewOptions(submission.Previews, preview => _events.Writer.TryWrite(new InferenceEvent.Previewed(index, preview))),
        })];
        _expiry.Token.UnsafeRegister(_ => _isExpired = Jobs.Any(job => !job.Completion.IsCompleted), state: null);
    }

    /// <summary>One job for each image, in the order of the submission.</summary>
    public IReadOnlyList<InferenceJob> Jobs { get; }

    /// <summary>
    /// Returns the events of all images; call once. Ends after the last image or at the first failure, which abandons the remaining images.
    /// </summary>
    public async IAsyncEnumerable<InferenceEvent> Events()
    {
        try
        {
            _ = ForwardAsync();
            var unfinished = Jobs.Count;
            while (unfinished > 0 && await WaitForEventAsync().ConfigureAwait(false))
            {
                while (_events.Reader.TryRead(out var progress))
                {
                    unfinished -= progress is InferenceEvent.Finished ? 1 : 0;
                    yield return progress;
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

    /// <summary>
    /// Waits for the next event. The deadline applies to generation: images that finished in time are returned even if the caller reads them later.
    /// </summary>
    private async ValueTask<bool> WaitForEventAsync()
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

            return _isExpired ? throw _deadline.Exceeded() : await _events.Reader.WaitToReadAsync(_caller).ConfigureAwait(false);
        }
    }

    /// <summary>Forwards each image as it ends. Previews precede their image, because the worker writes them before it completes the job.</summary>
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
        // Rethrown to the caller when it reads.
        catch (Exception error)
        {
            _events.Writer.TryComplete(error);
        }
    }

    private async Task<InferenceEvent> Finished(InferenceJob job, int index)
    {
        var image = await job.Completion.ConfigureAwait(false);
        if (job.Priority <= ImagePriority.Interactive) // the others pause, so their times say nothing about the service
        {
            ImageTelemetry.Finished(_metrics, index, image, job.EnqueuedAt, job.QueueTime, job.Device, job.Batch);
        }

        return new InferenceEvent.Finished(index, image, job.QueueTime);
    }
}
