using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Engine;

/// <summary>Runs one piece of work and records how it ended. Thread-safe.</summary>
internal sealed partial class ShardRunner(
    JobStore store, IEnumerable<IJobHandler> handlers, JobsOptions options, JobMetrics metrics, TimeProvider clock, ILogger<ShardRunner> logger)
{
    /// <summary>Time until work whose files could not be stored is tried again, and until an end that could not be recorded is.</summary>
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RecordRetry = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IJobHandler> _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);

    /// <summary>The kinds of jobs that can run here, each between commas; only commas if there are none.</summary>
    public string Kinds { get; } = $",{string.Join(',', handlers.Select(handler => handler.Kind))},";

    /// <summary>Runs claimed work. Throws nothing: a failure is how the work ended.</summary>
    /// <param name="stop">Stops the handler: the lease is lost, the job was stopped or the service stops.</param>
    /// <param name="abandon">Ends the attempts to record the end while the store is unavailable. Then the lease runs out.</param>
    public async Task RunAsync(Claim claim, CancellationToken stop, CancellationToken abandon)
    {
        metrics.ShardStarted();
        using var span = JobTracing.Start(SpanName(claim.Phase), claim.Job, claim.Shard);
        var started = clock.GetTimestamp();
        var ending = await AttemptAsync(claim, stop).ConfigureAwait(false);
        var outcome = await RecordAsync(claim, ending, abandon).ConfigureAwait(false);
        span?.SetTag("ctf.shard.outcome", outcome);
        metrics.ShardEnded(outcome);
        Log.Ended(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, outcome, clock.GetElapsedTime(started));
    }

    private async Task<Ending> AttemptAsync(Claim claim, CancellationToken stop)
    {
        try
        {
            stop.ThrowIfCancellationRequested();
            return await WorkAsync(claim, _handlers[claim.Job.Kind], stop).ConfigureAwait(false);
        }
        catch (JobRefusedException refused)
        {
            Log.Refused(logger, claim.Job.Id, refused.Message);
            return new Ending(ShardOutcomes.Done, cancel => store.Queue.RefusedAsync(claim, refused.Errors, cancel));
        }
        catch (ShardPostponedException postponed)
        {
            Log.Postponed(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, postponed.Delay, postponed.Message);
            return GiveBack(claim, ShardOutcomes.Postponed, postponed.Delay, postponed.Message);
        }
        catch (Exception storage) when (storage is FileStoreUnavailableException or JobStoreUnavailableException)
        {
            metrics.StoreFailed();
            Log.Postponed(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, StorageRetry, storage.Message); // no fault of the shard
            return GiveBack(claim, ShardOutcomes.Postponed, StorageRetry, storage.Message);
        }
#pragma warning disable CA1031
        catch (Exception) when (stop.IsCancellationRequested) // while the service stops, other parts may fail before they are cancelled
        {
            return GiveBack(claim, ShardOutcomes.Stopped, TimeSpan.Zero, cause: null);
        }
        catch (Exception failure) // any failure of a handler is the end of the attempt, and its cause is kept
#pragma warning restore CA1031
        {
            return Fail(claim, failure);
        }
    }

    private async Task<Ending> WorkAsync(Claim claim, IJobHandler handler, CancellationToken stop)
    {
        var (job, shard) = (claim.Job, claim.Shard);
        switch (claim.Phase)
        {
            case Phase.Preparation:
                var plan = await handler.PrepareAsync(job, stop).ConfigureAwait(false);
                Require(plan.Counts.All(count => count > 0), $"{nameof(IJobHandler.PrepareAsync)} made an empty shard.");
                return new Ending(ShardOutcomes.Done, cancel => store.Queue.PreparedAsync(claim, plan, cancel));
            case Phase.Finish:
                var shards = await store.Queue.ShardsAsync(job.Id, stop).ConfigureAwait(false);
                return await FinishAsync(claim, handler, shards, stop).ConfigureAwait(false);
            default:
                var result = await handler.RunAsync(job, shard, stop).ConfigureAwait(false);
                Require(
                    result is { Done: >= 0, Failed: >= 0 } && result.Done + result.Failed == shard.Count,
                    $"The shard has {shard.Count} items, and {result.Done} + {result.Failed} were counted.");
                return new Ending(ShardOutcomes.Done, cancel => store.Queue.DoneAsync(claim, result, cancel));
        }
    }

    private async Task<Ending> FinishAsync(Claim claim, IJobHandler handler, IReadOnlyList<Shard> shards, CancellationToken stop)
    {
        try
        {
            var output = await handler.FinishAsync(claim.Job, shards, stop).ConfigureAwait(false);
            return new Ending(ShardOutcomes.Done, cancel => store.Queue.FinishedAsync(claim, output, cancel));
        }
        catch (ShardsMissingException missing)
        {
            var done = shards.Where(shard => shard.State == ShardState.Done).Select(shard => shard.Number).ToHashSet();
            Require(missing.Numbers.All(done.Contains), $"{nameof(IJobHandler.FinishAsync)} named shards that are not done.");
            Log.Missing(logger, claim.Job.Id, missing.Numbers.Count, missing.Message);
            return new Ending(ShardOutcomes.Reopened, cancel => store.Queue.ReopenedAsync(claim, missing.Numbers, missing.Message, cancel));
        }
    }

    private Ending Fail(Claim claim, Exception failure)
    {
        var isLast = claim.Shard.Attempts >= options.MaxAttempts;
        if (isLast)
        {
            Log.GivenUp(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, claim.Shard.Attempts, failure);
        }
        else
        {
            Log.Failed(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, claim.Shard.Attempts, options.MaxAttempts, failure);
        }

        return new Ending(
            isLast ? ShardOutcomes.GivenUp : ShardOutcomes.Retried,
            cancel => store.Queue.FailedAsync(claim, failure.Message, cancel));
    }

    private Ending GiveBack(Claim claim, string outcome, TimeSpan delay, string? cause) =>
        new(outcome, cancel => store.Queue.GiveBackAsync(claim, delay, cause, cancel));

    /// <summary>Records the end, however long the store is unavailable: work that is done is not done again.</summary>
    private async Task<string> RecordAsync(Claim claim, Ending ending, CancellationToken abandon)
    {
        while (true)
        {
            try
            {
                if (await ending.Record(abandon).ConfigureAwait(false))
                {
                    return ending.Outcome;
                }

                Log.LeaseLost(logger, claim.Phase, claim.Shard.Number, claim.Job.Id);
                return ShardOutcomes.Late;
            }
            catch (JobStoreUnavailableException)
            {
                metrics.StoreFailed(); // the engine logs the outage
            }
            catch (OperationCanceledException) when (abandon.IsCancellationRequested)
            {
                return ShardOutcomes.Late;
            }
#pragma warning disable CA1031 // a defect; the lease runs out, and the number of losses is limited
            catch (Exception defect)
#pragma warning restore CA1031
            {
                Log.NotRecorded(logger, claim.Phase, claim.Shard.Number, claim.Job.Id, defect);
                return ShardOutcomes.Late;
            }

            await Task.Delay(RecordRetry, clock, abandon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvalidOperationException(message);
        }
    }

    private static string SpanName(Phase phase) => phase switch
    {
        Phase.Preparation => "job.prepare",
        Phase.Finish => "job.finish",
        _ => "job.shard",
    };

    /// <param name="Record">Returns false if the lease was lost.</param>
    private sealed record Ending(string Outcome, Func<CancellationToken, Task<bool>> Record);
}
