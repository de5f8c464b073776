namespace CtfService.TestSupport;

/// <summary>Stops a step until the test opens the gate or is done with it; a cancelled step leaves it at once.</summary>
public sealed class Gate : IDisposable
{
    /// <summary>No test waits this long; one that would wait forever fails instead. Generous for a starved machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _open = new(initialState: false);

    /// <summary>Completes when a step stands at the gate.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    public Task Entered => _entered.Task.WaitAsync(Patience);

    public void Open() => _open.Set();

    public void Dispose() => Open(); // not the event: the worker may still stand at it

    internal void Pass(CancellationToken cancellation)
    {
        _entered.SetResult();
        _open.Wait(cancellation);
    }
}
