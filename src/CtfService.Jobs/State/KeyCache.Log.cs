using CtfService.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.State;

public sealed partial class KeyCache
{
    private static partial class Log
    {
        [LoggerMessage(
            JobEventIds.KeysUnavailable,
            LogLevel.Warning,
            "The store of the API keys is away; configured keys work, stored keys that are known for {Minutes} minutes, others get 503")]
        public static partial void Unavailable(ILogger logger, double minutes, Exception exception);

        [LoggerMessage(JobEventIds.KeysAvailable, LogLevel.Information, "The store of the API keys is back")]
        public static partial void Available(ILogger logger);
    }
}
