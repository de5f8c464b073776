using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Telemetry;

internal sealed partial class StallWatch
{
    /// <summary>Event ids 1080..1089.</summary>
    private static partial class Log
    {
        [LoggerMessage(1080, LogLevel.Error, "No step has ended for {StalledFor} while {Waiting} images wait and {Running} run (limit {Limit}); not ready until one does")]
        public static partial void Stalled(ILogger logger, TimeSpan stalledFor, int waiting, int running, TimeSpan limit);

        [LoggerMessage(1081, LogLevel.Information, "Steps end again, or nothing is left to do; ready")]
        public static partial void Recovered(ILogger logger);
    }
}
