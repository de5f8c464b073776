namespace CtfService.Api.Endpoints;

internal sealed partial class ImageResponder
{
    /// <summary>Event ids 2010..2019.</summary>
    private static partial class Log
    {
        [LoggerMessage(2010, LogLevel.Information, "Generated {Images} image(s) of class {ClassLabel} with seed {Seed} after {QueueTime} in the queue")]
        public static partial void Answered(ILogger logger, int images, string? classLabel, ulong seed, TimeSpan queueTime);
    }
}
