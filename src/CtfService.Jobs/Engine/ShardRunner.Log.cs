using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Engine;

internal sealed partial class ShardRunner
{
    private static partial class Log
    {
        [LoggerMessage(JobEventIds.ShardEnded, LogLevel.Debug, "{Phase} {Shard} of job {Job} ended: {Outcome} after {Elapsed}")]
        public static partial void Ended(ILogger logger, Phase phase, int shard, string job, string outcome, TimeSpan elapsed);

        [LoggerMessage(JobEventIds.ShardFailed, LogLevel.Warning, "{Phase} {Shard} of job {Job} failed, attempt {Attempt} of {Attempts}; it is tried again")]
        public static partial void Failed(ILogger logger, Phase phase, int shard, string job, int attempt, int attempts, Exception exception);

        [LoggerMessage(JobEventIds.ShardGivenUp, LogLevel.Error, "{Phase} {Shard} of job {Job} is given up after {Attempts} attempts")]
        public static partial void GivenUp(ILogger logger, Phase phase, int shard, string job, int attempts, Exception exception);

        [LoggerMessage(JobEventIds.WorkPostponed, LogLevel.Information, "{Phase} {Shard} of job {Job} is postponed for {Delay}: {Reason}")]
        public static partial void Postponed(ILogger logger, Phase phase, int shard, string job, TimeSpan delay, string reason);

        [LoggerMessage(JobEventIds.LeaseLost, LogLevel.Warning, "{Phase} {Shard} of job {Job} was given to another worker before it ended here")]
        public static partial void LeaseLost(ILogger logger, Phase phase, int shard, string job);

        [LoggerMessage(JobEventIds.EndNotRecorded, LogLevel.Error, "The end of {Phase} {Shard} of job {Job} cannot be recorded; it runs again after its lease")]
        public static partial void NotRecorded(ILogger logger, Phase phase, int shard, string job, Exception exception);

        [LoggerMessage(JobEventIds.JobRefused, LogLevel.Information, "Job {Job} is invalid: {Reason}")]
        public static partial void Refused(ILogger logger, string job, string reason);

        [LoggerMessage(JobEventIds.ShardsMissing, LogLevel.Warning, "Job {Job} runs {Shards} shards again: {Reason}")]
        public static partial void Missing(ILogger logger, string job, int shards, string reason);
    }
}
