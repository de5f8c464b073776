using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference;

internal sealed partial class StuckExit
{
    private static partial class Log
    {
        [LoggerMessage(
            EventIds.ProcessStuck,
            LogLevel.Critical,
            "No step has completed for {StalledFor}, which only a restart can mend: {Failed} image(s) failed, and the process ends with exit code {ExitCode} "
                + "(Inference:ExitWhenStuck)")]
        public static partial void Stuck(ILogger logger, TimeSpan stalledFor, int failed, int exitCode);
    }
}
