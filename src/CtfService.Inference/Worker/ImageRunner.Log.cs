using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class ImageRunner
{
    /// <summary>Event ids 1020..1039.</summary>
    private static partial class Log
    {
        [LoggerMessage(1020, LogLevel.Debug, "Finished {Images} image(s); {Running} go on")]
        public static partial void Finished(ILogger logger, int images, int running);

        [LoggerMessage(1022, LogLevel.Error, "A step of {Images} images failed")]
        public static partial void Failed(ILogger logger, int images, Exception error);

        [LoggerMessage(1023, LogLevel.Warning, "A step of {Images} images does not fit the device's memory ({Reason}); the younger half starts again later")]
        public static partial void Splitting(ILogger logger, int images, string reason);

        [LoggerMessage(1024, LogLevel.Error, "{Images} image(s) do not fit the device's memory")]
        public static partial void TooLarge(ILogger logger, int images, Exception error);

        [LoggerMessage(1025, LogLevel.Error,
            "Steps fail one after another; {Waiting} waiting images are refused, and requests for a while (Inference:FailedStepsPause)")]
        public static partial void KeepsFailing(ILogger logger, int waiting, Exception error);

        [LoggerMessage(1026, LogLevel.Information, "An image was finished after steps that failed; requests are taken again")]
        public static partial void WorksAgain(ILogger logger);

        [LoggerMessage(1027, LogLevel.Error, "The model did not take an image in")]
        public static partial void NotTaken(ILogger logger, Exception error);
    }
}
