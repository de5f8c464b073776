namespace CtfService.LoadGenerator.Sending;

/// <summary>Counts requests that have not ended, without keeping them. Thread-safe.</summary>
internal sealed class OpenRequests
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _open = 1; // until the last one has begun

    public void Begin() => Interlocked.Increment(ref _open);

    public void End()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>Ends the wait with a failure of the generator itself.</summary>
    public void Fail(Exception failure) => _ended.TrySetException(failure);

    /// <summary>Waits until all have ended. Call once, after the last one has begun.</summary>
    public Task AllEndedAsync(CancellationToken cancellation)
    {
        End();
        return _ended.Task.WaitAsync(cancellation);
    }
}
