using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>Watches the calls of the store of responses: counts failures, and logs when an outage begins and ends. Thread-safe.</summary>
internal sealed partial class ResponseStoreWatch(StateMetrics metrics, ILogger<ResponseStoreWatch> logger)
{
    private bool _isAway;

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
