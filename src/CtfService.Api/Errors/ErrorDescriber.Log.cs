using CtfService.Inference.Telemetry;

namespace CtfService.Api.Errors;

internal sealed partial class ErrorDescriber
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.UnexpectedError, LogLevel.Error, "Request {RequestId} failed unexpectedly: {Method} {Path}")]
        public static partial void Unexpected(ILogger logger, string requestId, string method, PathString path, Exception error);

        [LoggerMessage(EventIds.StorageUnavailable, LogLevel.Warning, "Request {RequestId} was refused: {Method} {Path}. {Problem}")]
        public static partial void StorageUnavailable(ILogger logger, string requestId, string method, PathString path, string problem);
    }
}
