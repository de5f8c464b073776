using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

internal sealed partial class InferenceHost
{
    /// <summary>Event ids 1100..1109.</summary>
    private static partial class Log
    {
        [LoggerMessage(1100, LogLevel.Information, "Stopping: no new requests; admitted images have {Budget} to finish")]
        public static partial void Stopping(ILogger logger, TimeSpan budget);

        [LoggerMessage(1101, LogLevel.Warning, "A generation worker still runs at the end of the host's shutdown time")]
        public static partial void DidNotFinish(ILogger logger);

        [LoggerMessage(1102, LogLevel.Information, "The model that was being loaded is left; the process ends")]
        public static partial void LeftLoading(ILogger logger);
    }
}
