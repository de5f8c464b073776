using CtfService.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Engine;

internal sealed partial class JobEngine
{
    private static partial class Log
    {
        [LoggerMessage(JobEventIds.EngineStarted, LogLevel.Information, "Worker {Worker} takes jobs, {Concurrency} shards at the same time")]
        public static partial void Started(ILogger logger, string worker, int concurrency);

        [LoggerMessage(JobEventIds.TurnFailed, LogLevel.Error, "Jobs stand still; images are served as before")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(JobEventIds.GoesOn, LogLevel.Information, "Jobs go on after {Failures} failed attempts")]
        public static partial void GoesOn(ILogger logger, int failures);

        [LoggerMessage(JobEventIds.WorkRecovered, LogLevel.Warning, "{Pieces} pieces of work of a worker that disappeared are back in the queue")]
        public static partial void Recovered(ILogger logger, int pieces);

        [LoggerMessage(
            JobEventIds.WorkLostTooOften, LogLevel.Error, "Work {Number} of job {Job} is given up: {Losses} processes disappeared while they worked on it")]
        public static partial void GivenUp(ILogger logger, long number, string job, int losses);
    }
}
