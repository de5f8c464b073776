using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Worker;

internal sealed partial class ModelLoader
{
    /// <summary>Event ids 1000..1019.</summary>
    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Information, "Loaded model {Model} in {Elapsed}")]
        public static partial void Loaded(ILogger logger, string model, TimeSpan elapsed);

        [LoggerMessage(1001, LogLevel.Information, "Warmed up with one image in {Elapsed}")]
        public static partial void WarmedUp(ILogger logger, TimeSpan elapsed);

        [LoggerMessage(1002, LogLevel.Warning, "Reading the model failed ({Reason}); retry {Attempt} of {Retries} in {Delay}")]
        public static partial void Retrying(ILogger logger, int attempt, int retries, TimeSpan delay, string? reason);
    }
}
