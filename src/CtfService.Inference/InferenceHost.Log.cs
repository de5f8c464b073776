using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

internal sealed partial class InferenceHost
{
    /// <summary>Event ids 1080..1099.</summary>
    private static partial class Log
    {
        [LoggerMessage(1080, LogLevel.Information, "Stopping: no new requests; admitted images have {Budget} to finish")]
        public static partial void Stopping(ILogger logger, TimeSpan budget);

        [LoggerMessage(1081, LogLevel.Warning, "A generation worker still runs at the end of the host's shutdown time")]
        public static partial void DidNotFinish(ILogger logger);
    }
}
