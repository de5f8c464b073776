using CtfService.Inference.Telemetry;

namespace CtfService.Api.Telemetry.Gpu;

internal sealed partial class NvmlReader
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.NvmlMissing, LogLevel.Information, "No GPU metrics: NVIDIA's management library is not available ({Reason})")]
        public static partial void NoLibrary(ILogger logger, string reason);

        [LoggerMessage(EventIds.NvmlFailed, LogLevel.Warning, "No GPU metrics: NVIDIA's management library failed to start; nvmlInit returned {Result}")]
        public static partial void DoesNotStart(ILogger logger, int result);

        [LoggerMessage(EventIds.GpusFound, LogLevel.Information, "GPU metrics of {Count} GPU(s): {Models}")]
        public static partial void Found(ILogger logger, int count, string models);

        [LoggerMessage(EventIds.GpuXidError, LogLevel.Error, "XID error {Xid} on GPU {Index} ({Id}); NVIDIA's list of XID errors explains it")]
        public static partial void XidError(ILogger logger, ulong xid, int index, string id);
    }
}
