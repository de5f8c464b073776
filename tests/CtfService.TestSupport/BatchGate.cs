namespace CtfService.TestSupport;

/// <summary>Stops a batch until the test opens the gate; a cancelled batch leaves it at once.</summary>
public sealed class BatchGate : IDisposable
{
    /// <summary>No test waits this long; one that would wait forever fails instead. Generous for a starved machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _open = new(initialState: false);

    /// <summary>Completes when a batch stands at the gate.</summary>
    /// <exception cref="TimeoutException">None came.</exception>
    public Task Entered => _entered.Task.WaitAsync(Patience);

    public void Open() => _open.Set();

    public void Dispose() => _open.Dispose();

    internal void Pass(CancellationToken cancellation)
    {
        _entered.SetResult();
        _open.Wait(cancellation);
    }
}
