using System.Net;
using System.Security.Cryptography;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Jobs.Webhooks;

/// <summary>
/// Delivers the webhooks of jobs that ended, at least once each: attempts are rows, so a crash loses none. Without a secret or a database it does nothing.
/// </summary>
internal sealed partial class WebhookDelivery(
    JobStore store, WebhookClient client, JobMetrics metrics, JobsOptions options, TimeProvider clock, ILogger<WebhookDelivery> logger) : BackgroundService
{
    /// <summary>Waits after failed attempts, together about a day. After the last one the webhook is given up.</summary>
    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(2),
        TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8),
    ];

    /// <summary>Time between two looks at a database that other processes use, or that has failed.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    /// <summary>Attempts at the same time, so that a slow receiver does not hold up the others.</summary>
    private const int Concurrency = 4;

    private readonly List<Task> _running = []; // used by the loop only

    /// <summary>Number of attempts.</summary>
    internal static int MaxAttempts => Delays.Length + 1;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.WebhookSecret.Length == 0)
        {
            return;
        }

        using var changes = store.Signals.Subscribe(job: null);
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = await TakeTurnAsync(changes, stoppingToken).ConfigureAwait(false);
            try
            {
                await changes.WaitAsync(pause, clock, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
        }

        await Task.WhenAll(_running).ConfigureAwait(false);
    }

    /// <summary>Begins what is due. Returns the time until the next turn, unless a job changes or an attempt ends first.</summary>
    private async Task<TimeSpan> TakeTurnAsync(Subscription changes, CancellationToken cancellation)
    {
        if (!store.Database.Exists)
        {
            return Timeout.InfiniteTimeSpan;
        }

        try
        {
            _running.RemoveAll(attempt => attempt.IsCompleted);
            while (_running.Count < Concurrency)
            {
                var wait = await store.Webhooks.WaitAsync(cancellation).ConfigureAwait(false) ?? Timeout.InfiniteTimeSpan;
                if (wait != TimeSpan.Zero)
                {
                    return store.Database.IsShared && (wait > PollInterval || wait == Timeout.InfiniteTimeSpan) ? PollInterval : wait;
                }

                if (await store.Webhooks.TakeAsync(cancellation).ConfigureAwait(false) is { } webhook)
                {
                    var attempt = AttemptAsync(webhook, cancellation);
                    _running.Add(attempt);
                    _ = attempt.ContinueWith(_ => changes.Wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }
            }

            return Timeout.InfiniteTimeSpan;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
        catch (JobStoreUnavailableException)
        {
            return PollInterval; // the engine logs the outage
        }
#pragma warning disable CA1031 // an exception of a background service would end the process
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Log.Failed(logger, failure);
            return PollInterval;
        }
    }

    /// <summary>Makes one attempt. If its end cannot be recorded, it is made again when its lease has run out.</summary>
    private async Task AttemptAsync(DueWebhook webhook, CancellationToken cancellation)
    {
        try
        {
            await DeliverAsync(webhook, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (JobStoreUnavailableException)
        {
        }
#pragma warning disable CA1031 // an exception of a background service would end the process
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Log.Failed(logger, failure);
        }
    }

    private async Task DeliverAsync(DueWebhook webhook, CancellationToken cancellation)
    {
        var job = webhook.Job;
        var host = Uri.TryCreate(job.Webhook, UriKind.Absolute, out var address) ? address.Host : ""; // the rest of an address can be a secret
        var (isDelivered, isFinal, cause) = await TryAsync(job, cancellation).ConfigureAwait(false);
        if (isDelivered)
        {
            await store.Webhooks.EndAsync(webhook, cancellation).ConfigureAwait(false);
            metrics.WebhookEnded(WebhookOutcomes.Delivered);
            Log.Delivered(logger, job.Id, host, webhook.Attempt);
        }
        else if (isFinal || webhook.Attempt >= MaxAttempts)
        {
            await store.Webhooks.EndAsync(webhook, cancellation).ConfigureAwait(false);
            metrics.WebhookEnded(WebhookOutcomes.GivenUp);
            Log.GivenUp(logger, job.Id, host, webhook.Attempt, cause);
        }
        else
        {
            var delay = Delays[webhook.Attempt - 1] * (0.8 + (RandomNumberGenerator.GetInt32(400) / 1_000.0)); // so that many do not come at once
            await store.Webhooks.RetryAsync(webhook, delay, cancellation).ConfigureAwait(false);
            metrics.WebhookEnded(WebhookOutcomes.Retried);
            Log.Retried(logger, job.Id, host, webhook.Attempt, delay, cause);
        }
    }

    private async Task<(bool IsDelivered, bool IsFinal, string Cause)> TryAsync(Job job, CancellationToken cancellation)
    {
        try
        {
            var status = await client.SendAsync(job, cancellation).ConfigureAwait(false);
            return ((int)status is >= 200 and < 300, status == HttpStatusCode.Gone, $"status {(int)status}"); // 410: the receiver wants no more
        }
        catch (HttpRequestException refused) when (refused.InnerException is WebhookRefusedException reason)
        {
            return (false, true, reason.Message);
        }
        catch (HttpRequestException failed)
        {
            return (false, false, failed.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (false, false, "no response in time");
        }
#pragma warning disable CA1031 // whatever is wrong with one webhook, the others are delivered
        catch (Exception failed) when (failed is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return (false, false, failed.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(JobEventIds.WebhookDelivered, LogLevel.Information, "Webhook of job {Job} delivered to {Host} at attempt {Attempt}")]
        public static partial void Delivered(ILogger logger, string job, string host, int attempt);

        [LoggerMessage(
            JobEventIds.WebhookRetried, LogLevel.Information, "Webhook of job {Job} to {Host} failed at attempt {Attempt}, next in {Delay}: {Cause}")]
        public static partial void Retried(ILogger logger, string job, string host, int attempt, TimeSpan delay, string cause);

        [LoggerMessage(JobEventIds.WebhookGivenUp, LogLevel.Warning, "Webhook of job {Job} to {Host} is given up after attempt {Attempt}: {Cause}")]
        public static partial void GivenUp(ILogger logger, string job, string host, int attempt, string cause);

        [LoggerMessage(JobEventIds.WebhooksFailed, LogLevel.Error, "Webhooks stand still; the next attempt is in a few seconds")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
