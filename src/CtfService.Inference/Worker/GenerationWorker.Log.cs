using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class GenerationWorker
{
    /// <summary>Event ids 1040..1059.</summary>
    private static partial class Log
    {
        [LoggerMessage(1041, LogLevel.Critical, "The generation worker died of a defect; restart the service, or load a model anew (POST /v1/admin/models)")]
        public static partial void Crashed(ILogger logger, Exception error);

        [LoggerMessage(1043, LogLevel.Warning, "{Images} admitted images were not finished when the worker ended")]
        public static partial void Unfinished(ILogger logger, int images);

        [LoggerMessage(1045, LogLevel.Error, "The model could not be freed; its memory may stay taken until the service is restarted")]
        public static partial void NotFreed(ILogger logger, Exception error);
    }
}
