using CtfService.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Usage;

internal sealed partial class SharedUsageCounters
{
    private static partial class Log
    {
        [LoggerMessage(
            JobEventIds.UsageUnavailable,
            LogLevel.Warning,
            "The store of the rate limits is away; until it is back, each process counts by itself from what it knows")]
        public static partial void Unavailable(ILogger logger, Exception exception);

        [LoggerMessage(JobEventIds.UsageAvailable, LogLevel.Information, "The store of the rate limits is back")]
        public static partial void Available(ILogger logger);
    }
}
