using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class GenerationWorker
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.DtypeChosen, LogLevel.Information, "The model computes in {Dtype}: {Reason}")]
        public static partial void DtypeChosen(ILogger logger, string dtype, string reason);

        [LoggerMessage(
            EventIds.WorkerCrashed,
            LogLevel.Critical,
            "Generation worker of {Device} crashed, and no other device serves; restart the service or load a model (POST /v1/admin/models)")]
        public static partial void Crashed(ILogger logger, string device, Exception error);

        [LoggerMessage(EventIds.ImagesUnfinished, LogLevel.Warning, "{Images} admitted image(s) were unfinished when the worker ended")]
        public static partial void Unfinished(ILogger logger, int images);

        [LoggerMessage(EventIds.ModelNotFreed, LogLevel.Error, "The model could not be freed; its memory may stay in use until the service restarts")]
        public static partial void NotFreed(ILogger logger, Exception error);

        [LoggerMessage(
            EventIds.DeviceFailed,
            LogLevel.Error,
            "Device {Device} failed and is out of service; {Moved} of its images start again on other devices, {Failed} failed. "
                + "Restart the service or load a model to use it again")]
        public static partial void DeviceFailed(ILogger logger, string device, int moved, int failed, Exception error);

        [LoggerMessage(
            EventIds.DeviceHangs,
            LogLevel.Error,
            "Device {Device} has not completed a step for {StalledFor} while the service works: {Failed} of its images failed. Out of service: {IsOut}. "
                + "Restart the service to use it again")]
        public static partial void Hangs(ILogger logger, string device, TimeSpan stalledFor, int failed, bool isOut);

        [LoggerMessage(EventIds.DeviceNotLoaded, LogLevel.Error, "Device {Device} could not load the model; other devices serve if they can")]
        public static partial void NotLoaded(ILogger logger, string device, Exception error);
    }
}
