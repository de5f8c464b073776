namespace CtfService.Api.Telemetry.Gpu;

internal sealed partial class NvmlReader
{
    /// <summary>Event ids 2210..2219.</summary>
    private static partial class Log
    {
        [LoggerMessage(2210, LogLevel.Information, "No metrics of GPUs: NVIDIA's management library is not here ({Reason})")]
        public static partial void NoLibrary(ILogger logger, string reason);

        [LoggerMessage(2211, LogLevel.Warning, "No metrics of GPUs: NVIDIA's management library does not start, result {Result} of nvmlInit")]
        public static partial void DoesNotStart(ILogger logger, int result);

        [LoggerMessage(2212, LogLevel.Information, "Metrics of {Count} GPU(s): {Models}")]
        public static partial void Found(ILogger logger, int count, string models);

        [LoggerMessage(2213, LogLevel.Error, "XID error {Xid} of GPU {Index} ({Id}); NVIDIA's list of XID errors says what it means")]
        public static partial void XidError(ILogger logger, ulong xid, int index, string id);
    }
}
