namespace CtfService.Jobs.Engine;

/// <summary>Work that runs on the thread pool and can be stopped. Used by one thread at a time.</summary>
internal sealed class RunningWork : IDisposable
{
    private readonly CancellationTokenSource _stop;

    private RunningWork(CancellationTokenSource stop, Task ended) => (_stop, Ended) = (stop, ended);

    /// <summary>Never faulted.</summary>
    public Task Ended { get; }

    public static RunningWork Start(Func<CancellationToken, Task> work, Action whenEnded, CancellationToken stopping)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        return new RunningWork(stop, Task.Run(async () => await work(stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing), CancellationToken.None)
            .ContinueWith(_ => whenEnded(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default));
    }

    /// <summary>Asks the work to stop. Does not wait for it, nor for what it does then.</summary>
    public void Stop() => _ = _stop.CancelAsync();

    /// <summary>Call after the work has ended.</summary>
    public void Dispose() => _stop.Dispose();
}
