using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class GenerationWorker
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.WorkerCrashed, LogLevel.Critical, "Generation worker crashed; restart the service or load a model (POST /v1/admin/models)")]
        public static partial void Crashed(ILogger logger, Exception error);

        [LoggerMessage(EventIds.ImagesUnfinished, LogLevel.Warning, "{Images} admitted image(s) were unfinished when the worker ended")]
        public static partial void Unfinished(ILogger logger, int images);

        [LoggerMessage(EventIds.ModelNotFreed, LogLevel.Error, "The model could not be freed; its memory may stay in use until the service restarts")]
        public static partial void NotFreed(ILogger logger, Exception error);
    }
}
