namespace CtfService.Api.Errors;

internal sealed partial class ErrorDescriber
{
    /// <summary>Event ids 2000..2009.</summary>
    private static partial class Log
    {
        [LoggerMessage(2000, LogLevel.Error, "Request {RequestId} failed unexpectedly: {Method} {Path}")]
        public static partial void Unexpected(ILogger logger, string requestId, string method, PathString path, Exception error);
    }
}
