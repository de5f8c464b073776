using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class GenerationWorker
{
    /// <summary>Event ids 1040..1059.</summary>
    private static partial class Log
    {
        [LoggerMessage(1040, LogLevel.Critical, "The model could not be loaded; every request is answered with 503 until the service is restarted")]
        public static partial void LoadFailed(ILogger logger, Exception error);

        [LoggerMessage(1041, LogLevel.Critical, "The generation worker died of a defect; restart the service")]
        public static partial void Crashed(ILogger logger, Exception error);

        [LoggerMessage(1042, LogLevel.Information, "Stopping: no new requests; admitted images have {Budget} to finish")]
        public static partial void Stopping(ILogger logger, TimeSpan budget);

        [LoggerMessage(1043, LogLevel.Warning, "{Images} admitted images were not finished when the worker ended")]
        public static partial void Unfinished(ILogger logger, int images);

        [LoggerMessage(1044, LogLevel.Warning, "Thread {Thread} still runs at the end of the host's shutdown time")]
        public static partial void DidNotFinish(ILogger logger, string thread);
    }
}
