using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Telemetry;

internal sealed partial class StallWatch
{
    private static partial class Log
    {
        [LoggerMessage(
            EventIds.Stalled,
            LogLevel.Error,
            "No step has completed for {StalledFor} while {Waiting} images wait and {Running} run (limit {Limit}); not ready until one does")]
        public static partial void Stalled(ILogger logger, TimeSpan stalledFor, int waiting, int running, TimeSpan limit);

        [LoggerMessage(EventIds.StallRecovered, LogLevel.Information, "Steps complete again, or no images wait or run; ready")]
        public static partial void Recovered(ILogger logger);
    }
}
