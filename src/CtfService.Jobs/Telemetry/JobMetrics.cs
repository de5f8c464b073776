using System.Diagnostics.Metrics;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Telemetry;

/// <summary>
/// Metrics of jobs on the meter <c>CtfService</c>; docs/operations/telemetry.md describes each instrument. Methods are named after events and thread-safe.
/// Gauges show what the engine counted last, so that a scrape asks no database.
/// </summary>
internal sealed class JobMetrics
{
    private const string MeterName = "CtfService";

    private static readonly JobState[] UnfinishedStates = [JobState.Validating, JobState.InProgress, JobState.Finalizing, JobState.Cancelling];

    private readonly Counter<long> _shards;
    private readonly Counter<long> _storeErrors;
    private readonly Counter<long> _webhooks;
    private JobCounts _counts = JobCounts.None;
    private int _running;

    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _shards = meter.CreateCounter<long>("ctf.shards.ended", "{shard}", "Attempts at shards that ended.");
        _storeErrors = meter.CreateCounter<long>(
            "ctf.jobs.store_errors", "{error}", "Times that the engine could not use the database or the files of the jobs.");
        _storeErrors.Add(0); // exported from the start: a counter that appears with its first error would show no increase
        foreach (var outcome in ShardOutcomes.All)
        {
            _shards.Add(0, Tag("ctf.shard.outcome", outcome));
        }

        _webhooks = meter.CreateCounter<long>("ctf.webhooks", "{attempt}", "Attempts to deliver a webhook, by outcome.");
        foreach (var outcome in WebhookOutcomes.All)
        {
            _webhooks.Add(0, Tag("ctf.webhook.outcome", outcome));
        }

        meter.CreateObservableGauge("ctf.jobs", Jobs, "{job}", "Jobs that have not ended, by state.");
        meter.CreateObservableGauge("ctf.jobs.images_left", () => Volatile.Read(ref _counts).ImagesLeft, "{image}", "Images that unfinished jobs still need.");
        meter.CreateObservableGauge(
            "ctf.jobs.oldest_age",
            () => Volatile.Read(ref _counts).OldestAge.TotalSeconds,
            "s",
            "Time since the creation of the oldest unfinished job; 0 if there is none.");
        meter.CreateObservableGauge("ctf.shards.running", () => Volatile.Read(ref _running), "{shard}", "Shards that this process works on.");
    }

    public void Counted(JobCounts counts) => Volatile.Write(ref _counts, counts);

    public void ShardStarted() => Interlocked.Increment(ref _running);

    /// <param name="outcome">One of <see cref="ShardOutcomes"/>.</param>
    public void ShardEnded(string outcome)
    {
        Interlocked.Decrement(ref _running);
        _shards.Add(1, Tag("ctf.shard.outcome", outcome));
    }

    /// <summary>Counts work whose worker disappeared.</summary>
    /// <param name="pieces">All that were lost.</param>
    /// <param name="givenUp">Those that are not tried again, which count once more as given up.</param>
    public void WorkLost(int pieces, int givenUp)
    {
        _shards.Add(pieces, Tag("ctf.shard.outcome", ShardOutcomes.Lost));
        if (givenUp > 0)
        {
            _shards.Add(givenUp, Tag("ctf.shard.outcome", ShardOutcomes.GivenUp));
        }
    }

    /// <param name="outcome">One of <see cref="WebhookOutcomes"/>.</param>
    public void WebhookEnded(string outcome) => _webhooks.Add(1, Tag("ctf.webhook.outcome", outcome));

    public void StoreFailed() => _storeErrors.Add(1);

    private IEnumerable<Measurement<long>> Jobs()
    {
        var counts = Volatile.Read(ref _counts).ByState;
        return UnfinishedStates.Select(state => new Measurement<long>(counts.GetValueOrDefault(state), Tag("ctf.job.state", StateNames.Of(state))));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
