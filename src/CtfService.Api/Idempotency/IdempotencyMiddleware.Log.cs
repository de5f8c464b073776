namespace CtfService.Api.Idempotency;

internal sealed partial class IdempotencyMiddleware
{
    /// <summary>Event ids 2020..2029.</summary>
    private static partial class Log
    {
        [LoggerMessage(2020, LogLevel.Information, "Answered {Path} again: its Idempotency-Key was known")]
        public static partial void Replayed(ILogger logger, PathString path);
    }
}
