using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class ImageRunner
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.ImagesFinished, LogLevel.Debug, "{Images} image(s) finished; {Running} still running")]
        public static partial void Finished(ILogger logger, int images, int running);

        [LoggerMessage(EventIds.StepFailed, LogLevel.Error, "A step with {Images} image(s) failed on {Device}")]
        public static partial void Failed(ILogger logger, int images, string device, Exception error);

        [LoggerMessage(
            EventIds.StepSplit,
            LogLevel.Warning,
            "A step with {Images} images does not fit in device memory ({Reason}); paused images or the younger half start again later")]
        public static partial void Splitting(ILogger logger, int images, string reason);

        [LoggerMessage(EventIds.ImagesTooLarge, LogLevel.Error, "{Images} image(s) do not fit in device memory")]
        public static partial void TooLarge(ILogger logger, int images, Exception error);

        [LoggerMessage(EventIds.ImageFailed, LogLevel.Error, "An image failed alone on {Device}; the other images go on")]
        public static partial void ImageFailed(ILogger logger, string device, Exception error);

        [LoggerMessage(EventIds.StepRepeated, LogLevel.Warning, "A decode step failed on {Device} and succeeded when it was repeated; no image is affected")]
        public static partial void Repeated(ILogger logger, string device, Exception error);

        [LoggerMessage(EventIds.StepsKeepFailing, LogLevel.Error,
            "Steps keep failing; {Waiting} waiting images failed, and new requests are refused for a while (Inference:FailedStepsPause)")]
        public static partial void KeepsFailing(ILogger logger, int waiting, Exception error);

        [LoggerMessage(EventIds.StepsRecovered, LogLevel.Information, "An image finished after failed steps; requests are accepted again")]
        public static partial void WorksAgain(ILogger logger);

        [LoggerMessage(EventIds.ImageMoved, LogLevel.Warning, "An image failed on {Device} and starts again on another device")]
        public static partial void Moved(ILogger logger, string device);

        [LoggerMessage(EventIds.ImageNotAdmitted, LogLevel.Error, "The model did not accept an image; running images continue")]
        public static partial void NotTaken(ILogger logger, Exception error);
    }
}
