using System.Diagnostics.CodeAnalysis;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>Watches the calls of the store of responses: counts failures, and logs when an outage begins and ends. Thread-safe.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing to free, and calls may end after the service's objects.")]
internal sealed partial class ResponseStoreWatch(StateMetrics metrics, ILogger<ResponseStoreWatch> logger)
{
    /// <summary>Fewer than the connections of a process, so that a call does not spend its time waiting for one.</summary>
    private const int Turns = 3;

    private readonly SemaphoreSlim _turns = new(Turns, Turns);
    private bool _isAway;
    private long _failures;

    /// <summary>Makes a call when it is its turn. If a call fails meanwhile, those that wait fail as well: each would take as long to find out.</summary>
    public async Task<T> InTurnAsync<T>(Func<Task<T>> call)
    {
        var failures = Interlocked.Read(ref _failures);
        await _turns.WaitAsync();
        try
        {
            return failures == Interlocked.Read(ref _failures) ? await WatchAsync(call())
                : throw new JobStoreUnavailableException("The database was found to be away.");
        }
        finally
        {
            _turns.Release();
        }
    }

    public async Task<T> WatchAsync<T>(Task<T> call)
    {
        await WatchAsync((Task)call);
        return await call;
    }

    public async Task WatchAsync(Task call)
    {
        try
        {
            await call;
            if (Interlocked.Exchange(ref _isAway, false))
            {
                Log.Available(logger);
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            metrics.StoreFailed(StateMetrics.Responses);
            Interlocked.Increment(ref _failures);
            if (!Interlocked.Exchange(ref _isAway, true) || failure is not JobStoreUnavailableException)
            {
                Log.Unavailable(logger, failure);
            }

            throw;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            JobEventIds.ResponsesUnavailable,
            LogLevel.Warning,
            "The store of responses is away; requests with an Idempotency-Key get 503, others are answered")]
        public static partial void Unavailable(ILogger logger, Exception exception);

        [LoggerMessage(JobEventIds.ResponsesAvailable, LogLevel.Information, "The store of responses is back")]
        public static partial void Available(ILogger logger);
    }
}
