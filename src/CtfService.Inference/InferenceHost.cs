using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

/// <summary>
/// Ties the router to the life of the host: loads the first model at startup and, at shutdown, lets admitted images finish within the budget. Thread-safe.
/// </summary>
internal sealed partial class InferenceHost(ModelRouter router, InferenceOptions options, TimeProvider clock, ILogger<InferenceHost> logger)
    : IHostedLifecycleService, IDisposable
{
    /// <summary>
    /// Time that a load gets to stop at shutdown. It checks for cancellation before each tensor; if one takes longer, the load ends with the process.
    /// </summary>
    private static readonly TimeSpan LoadingGracePeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _stop = new();
    private ITimer? _budget; // under _stop

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        router.Start();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs before the web server stops, so that new requests get an error while running ones finish.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        lock (_stop)
        {
            if (_budget is null)
            {
                Log.Stopping(logger, options.ShutdownBudget);
                router.Stop();
                _budget = clock.CreateTimer(_ => router.Abort(), state: null, options.ShutdownBudget, Timeout.InfiniteTimeSpan);
            }
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await StoppingAsync(cancellationToken).ConfigureAwait(false);
        using var abort = cancellationToken.UnsafeRegister(_ => router.Abort(), state: null);
        var served = router.Served;
        await served.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!served.IsCompleted)
        {
            Log.DidNotFinish(logger);
        }

        await router.Finished.WaitAsync(LoadingGracePeriod, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (router.IsLoading)
        {
            Log.LoadAbandoned(logger);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _budget?.Dispose();
}
