using CtfService.Jobs.Files;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Engine;

/// <summary>
/// Deletes jobs and files whose retention is over: content first, so that a row remains until nothing is left of it. Once a day, it deletes uploads without a
/// row too: their process ended between storing and recording them.
/// </summary>
internal sealed partial class Retention(
    JobStore store, IEnumerable<IJobHandler> handlers, IFileStore files, TimeProvider clock, ILogger<Retention> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Age from which an upload without a row is not one that is about to get it.</summary>
    private static readonly TimeSpan OrphanAge = TimeSpan.FromDays(1);

    private readonly Dictionary<string, IJobHandler> _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);

    /// <summary>Kinds of jobs that this process can delete; others are left to a process that knows them.</summary>
    private readonly string _kinds = $",{string.Join(',', handlers.Select(handler => handler.Kind))},";

    private DateTimeOffset _orphansDue;

    /// <summary>Sweeps now and every minute. Returns when cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await AttemptAsync(SweepAsync, cancellation).ConfigureAwait(false);
            await Task.Delay(Interval, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    internal async Task SweepAsync(CancellationToken cancellation)
    {
        foreach (var job in await store.Sweep.OutdatedJobsAsync(_kinds, cancellation).ConfigureAwait(false))
        {
            await AttemptAsync(cancel => DeleteAsync(job, cancel), cancellation).ConfigureAwait(false);
        }

        foreach (var file in await store.Sweep.ExpiredFilesAsync(cancellation).ConfigureAwait(false))
        {
            await AttemptAsync(cancel => DeleteAsync(file, cancel), cancellation).ConfigureAwait(false);
        }

        if (clock.GetUtcNow() is var now && now >= _orphansDue)
        {
            await DeleteOrphansAsync(now - OrphanAge, cancellation).ConfigureAwait(false);
            _orphansDue = now + OrphanAge;
        }
    }

    /// <param name="before">Younger uploads stay.</param>
    private async Task DeleteOrphansAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        await foreach (var file in files.ListAsync(UploadedFile.UploadPrefix, cancellation).ConfigureAwait(false))
        {
            if (file.WrittenAt < before && !await store.Sweep.HasRowAsync(file.Name, cancellation).ConfigureAwait(false))
            {
                await AttemptAsync(cancel => files.DeleteAsync(file.Name, cancel), cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task DeleteAsync(Job job, CancellationToken cancellation)
    {
        await _handlers[job.Kind].DeleteFilesAsync(job, cancellation).ConfigureAwait(false);
        await store.Sweep.DeleteJobAsync(job.Id, cancellation).ConfigureAwait(false);
        Log.Deleted(logger, job.Id);
    }

    private async Task DeleteAsync(UploadedFile file, CancellationToken cancellation)
    {
        await files.DeleteAsync(file.StoredName, cancellation).ConfigureAwait(false);
        await store.Sweep.DeleteFileAsync(file.Id, cancellation).ConfigureAwait(false);
    }

    /// <summary>Goes on after a failure: what cannot be deleted now is deleted by a later sweep.</summary>
    private async Task AttemptAsync(Func<CancellationToken, Task> step, CancellationToken cancellation)
    {
        try
        {
            await step(cancellation).ConfigureAwait(false);
        }
        catch (JobStoreUnavailableException)
        {
            // the engine logs the outage
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // see the summary
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.Failed(logger, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(JobEventIds.JobDeleted, LogLevel.Information, "Job {Job} and its files are deleted, because its retention is over")]
        public static partial void Deleted(ILogger logger, string job);

        [LoggerMessage(JobEventIds.DeletionFailed, LogLevel.Warning, "Jobs or files whose retention is over cannot be deleted now")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
