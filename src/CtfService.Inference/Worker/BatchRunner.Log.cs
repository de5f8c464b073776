using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class BatchRunner
{
    /// <summary>Event ids 1020..1039.</summary>
    private static partial class Log
    {
        [LoggerMessage(1020, LogLevel.Debug, "Finished a batch of {Images} images in {Elapsed}")]
        public static partial void Finished(ILogger logger, int images, TimeSpan elapsed);

        [LoggerMessage(1021, LogLevel.Debug, "Cancelled a batch of {Images} images: nobody waits for it any more, or the service stops")]
        public static partial void Cancelled(ILogger logger, int images);

        [LoggerMessage(1022, LogLevel.Error, "A batch of {Images} images failed")]
        public static partial void Failed(ILogger logger, int images, Exception error);

        [LoggerMessage(1023, LogLevel.Warning, "A batch of {Images} images does not fit the device's memory ({Reason}); running it in two halves")]
        public static partial void Splitting(ILogger logger, int images, string reason);

        [LoggerMessage(1024, LogLevel.Error, "{Images} image(s) do not fit the device's memory")]
        public static partial void TooLarge(ILogger logger, int images, Exception error);
    }
}
