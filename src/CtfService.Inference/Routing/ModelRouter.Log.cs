using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Routing;

internal sealed partial class ModelRouter
{
    private static partial class Log
    {
        [LoggerMessage(
            EventIds.FirstLoadFailed,
            LogLevel.Critical,
            "Bundle {Bundle} could not be loaded, so there is nothing to serve: {Reason}")]
        public static partial void NothingToServe(ILogger logger, string bundle, string reason, Exception? error);

        [LoggerMessage(
            EventIds.ModelSwitched,
            LogLevel.Information,
            "Switched to bundle {Bundle}, model {Model}, in {Elapsed}; {Replaced} finishes its admitted images")]
        public static partial void Switched(ILogger logger, string bundle, string model, string? replaced, TimeSpan elapsed);

        [LoggerMessage(EventIds.SwitchFailed, LogLevel.Error, "Bundle {Bundle} could not be loaded; a model that serves keeps serving")]
        public static partial void SwitchFailed(ILogger logger, string bundle, Exception error);

        [LoggerMessage(EventIds.InstanceDrained, LogLevel.Information, "Bundle {Bundle} has drained, {Elapsed} after it was replaced; its memory is free")]
        public static partial void Drained(ILogger logger, string bundle, TimeSpan elapsed);
    }
}
