using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class ModelLoader
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.ModelLoaded, LogLevel.Information, "Model {Model} loaded in {Elapsed}")]
        public static partial void Loaded(ILogger logger, string model, TimeSpan elapsed);

        [LoggerMessage(EventIds.ModelWarmedUp, LogLevel.Information, "Warm-up image generated in {Elapsed}; it {Comparison}")]
        public static partial void WarmedUp(ILogger logger, TimeSpan elapsed, string comparison);

        [LoggerMessage(
            EventIds.FmaEmulated,
            LogLevel.Warning,
            "This processor has no fused multiply-add, or the virtual machine hides it. It is emulated, so that images are those of other machines, and they "
                + "take about ten times as long. Give the virtual machine the processor type of its host")]
        public static partial void EmulatesFma(ILogger logger);

        [LoggerMessage(EventIds.LoadRetried, LogLevel.Warning, "Reading the model failed ({Reason}); retry {Attempt} of {Retries} in {Delay}")]
        public static partial void Retrying(ILogger logger, int attempt, int retries, TimeSpan delay, string? reason);
    }
}
