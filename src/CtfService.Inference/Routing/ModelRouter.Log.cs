using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Routing;

internal sealed partial class ModelRouter
{
    /// <summary>Event ids 1060..1079.</summary>
    private static partial class Log
    {
        [LoggerMessage(1060, LogLevel.Critical, "The bundle {Bundle} could not be loaded; every request is answered with 503 until another one is (POST /v1/admin/models), or the service is restarted")]
        public static partial void NothingToServe(ILogger logger, string bundle, Exception error);

        [LoggerMessage(1061, LogLevel.Information, "Switched to bundle {Bundle}, model {Model}, in {Elapsed}; {Replaced} finishes what it has begun")]
        public static partial void Switched(ILogger logger, string bundle, string model, string? replaced, TimeSpan elapsed);

        [LoggerMessage(1062, LogLevel.Error, "The bundle {Bundle} could not be loaded; everything stays as it was")]
        public static partial void SwitchFailed(ILogger logger, string bundle, Exception error);

        [LoggerMessage(1063, LogLevel.Information, "Bundle {Bundle} was replaced {Elapsed} ago and has finished; its memory is free")]
        public static partial void Drained(ILogger logger, string bundle, TimeSpan elapsed);
    }
}
