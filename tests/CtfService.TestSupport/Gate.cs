namespace CtfService.TestSupport;

/// <summary>Holds a step until the test opens or disposes the gate. A cancelled step leaves at once.</summary>
public sealed class Gate : IDisposable
{
    /// <summary>Fails a test that would otherwise wait forever. Long, because the machine may be busy.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _open = new(initialState: false);

    /// <summary>Completes when a step has reached the gate.</summary>
    /// <exception cref="TimeoutException">No step reached the gate in time.</exception>
    public Task Entered => _entered.Task.WaitAsync(Timeout);

    public void Open() => _open.Set();

    public void Dispose() => Open(); // the event is not disposed, because the worker may still wait on it

    internal void Pass(CancellationToken cancellation)
    {
        _entered.SetResult();
        _open.Wait(cancellation);
    }
}
