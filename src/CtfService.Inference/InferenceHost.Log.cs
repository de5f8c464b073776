using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

internal sealed partial class InferenceHost
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.ShutdownStarted, LogLevel.Information, "Shutting down: no new requests; admitted images have {Budget} to finish")]
        public static partial void Stopping(ILogger logger, TimeSpan budget);

        [LoggerMessage(EventIds.WorkerStillRunning, LogLevel.Warning, "A generation worker is still running at the end of the host's shutdown timeout")]
        public static partial void DidNotFinish(ILogger logger);

        [LoggerMessage(EventIds.LoadAbandoned, LogLevel.Information, "The process ends while a model is still loading", EventName = "LeftLoading")]
        public static partial void LoadAbandoned(ILogger logger);
    }
}
