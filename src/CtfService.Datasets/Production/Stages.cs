using System.Runtime.ExceptionServices;

namespace CtfService.Datasets.Production;

/// <summary>Runs the stages of a pipeline. The first error of any stage stops all others.</summary>
internal sealed class Stages(CancellationToken cancellation) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    private Exception? _error;

    /// <summary>Starts an asynchronous stage. The task never fails.</summary>
    public Task Run(Func<CancellationToken, Task> stage) => Task.Run(async () =>
    {
        try
        {
            await stage(_stop.Token);
        }
        catch (Exception error)
        {
            Fail(error);
        }
    });

    /// <summary>Starts a stage on a thread of its own.</summary>
    public Thread Start(Action<CancellationToken> stage)
    {
        var thread = new Thread(() => Try(stage)) { IsBackground = true, Name = "generator" };
        thread.Start();
        return thread;
    }

    /// <summary>Runs a stage on this thread.</summary>
    public void Try(Action<CancellationToken> stage)
    {
        try
        {
            stage(_stop.Token);
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    /// <summary>Throws the first error. Call it when all stages have ended.</summary>
    public void ThrowIfFailed()
    {
        cancellation.ThrowIfCancellationRequested();
        if (_error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }
    }

    public void Dispose() => _stop.Dispose();

    private void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _error, error, null); // later ones only say that their stage was stopped
        _stop.Cancel();
    }
}
