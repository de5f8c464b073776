using CtfService.Trials.Cluster;
using CtfService.Trials.Datasets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Traffic;

namespace CtfService.Trials.Trials;

/// <summary>All traffic of the cluster trial, while events disturb the cluster; what must have held.</summary>
internal sealed class ClusterRun
{
    private const double QuotaTolerance = 0.01;

    private const ulong FirstSeed = 9_000;

    /// <summary>Traffic after the last disturbance.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan JobPause = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(10);

    private readonly ClusterEvents _events;
    private readonly TrafficTally _tally = new();
    private readonly GatewayClient _client;
    private readonly KeyedClients? _keyed;
    private readonly MixedTraffic _mixed;
    private readonly DatasetClient _datasets;
    private readonly List<(DatasetOrder Order, DatasetJob Job, DatasetOutput Output)> _jobs = [];
    private LimitedCaller? _limited;

    public ClusterRun(ReplicaCluster cluster, ClusterEvents events, OrderBook book, IReadOnlyList<string> apiKeys, bool hasKeyed)
    {
        _events = events;
        _client = new GatewayClient(cluster.Gateways, _tally);
        _keyed = hasKeyed ? new KeyedClients(_client, book, _tally) : null;
        _mixed = new MixedTraffic(_client, book, _tally, _keyed, apiKeys);
        _datasets = new DatasetClient(cluster.Gateways, ClusterKeys.Studio);
    }

    /// <summary>A key and its images per minute; null without quotas.</summary>
    public (string Key, int Quota)? Limited { get; init; }

    public int JobImages { get; init; }

    public async Task RunAsync(int clients, TimeSpan pause, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _limited = Limited is var (key, quota) ? new LimitedCaller(_client, _tally, key, quota) : null;
        var traffic = Task.WhenAll(
            _mixed.RunAsync(clients, pause, end.Token), _limited?.RunAsync(end.Token) ?? Task.CompletedTask, MakeDatasetsAsync(end.Token));
        try
        {
            await _events.RunAsync(cancellation);
            await Task.Delay(Calm, TimeProvider.System, cancellation);
        }
        finally
        {
            await end.CancelAsync();
            await traffic;
        }
    }

    public async Task ReportAsync(TrialReport report, ServiceInstance alone, TrialFolder folder, CancellationToken cancellation)
    {
        report.Measure("disturbances", $"{string.Join(", ", _events.Counts.Select(pair => $"{pair.Key}: {pair.Value}"))}");
        MixedTraffic.Report(report, _tally);
        var failures = _tally.Failures;
        foreach (var failure in failures)
        {
            report.Measure("failure", $"{failure}");
        }

        report.Require("wrong or dishonest answers", $"{_tally.Failed}", $"0", _tally.Failed == 0);
        report.Require("right answers", $"{_tally.Count(EndKind.Answered)}", $"most requests", 2 * _tally.Count(EndKind.Answered) > _tally.Requests);
        report.Require("processes that SIGTERM ended with an error", $"{string.Join(", ", _events.BadExits)}", $"none", _events.BadExits.Count == 0);
        if (_keyed is { Counts: var (keys, repeats) })
        {
            report.Require("repeats of an answered Idempotency-Key that got its answer", $"{repeats} of {keys} keys", $"some", repeats > 0);
        }

        if (_limited is not null)
        {
            ReportQuota(report, _limited.FullWindows(), Limited!.Value.Quota);
        }

        var undisturbed = new UndisturbedRuns(alone, folder, ClusterKeys.Studio);
        foreach (var (order, job, output) in _jobs)
        {
            var differences = output.DifferencesTo(await undisturbed.OfAsync(order, cancellation));
            report.Require(
                $"data set with seed {order.Seed}: {job}", $"{differences.Count} files differ {string.Join(' ', differences.Take(3))}", $"0",
                job is { Status: "completed", ImageCounts.Failed: 0 } && differences.Count == 0);
        }
    }

    /// <summary>
    /// While PostgreSQL is away each replica counts by itself, so such windows are only measured. Images of a replica that dies are charged and not delivered,
    /// so a window may have less; the sum must be right.
    /// </summary>
    private void ReportQuota(TrialReport report, IReadOnlyList<QuotaWindow> windows, int quota)
    {
        var counts = windows.ToLookup(window => _events.DatabaseTimes.Any(time => time.From <= window.End && time.To >= window.Start), window => window.Images);
        var shared = counts[false].ToList();
        var most = quota * (1 + QuotaTolerance);
        var share = (double)shared.Sum() / (quota * shared.Count);
        report.Measure("images in windows in which PostgreSQL restarted or was away", $"{string.Join(' ', counts[true])}");
        report.Require("windows of the quota that were used up", $"{windows.Count}", $"at least 1", windows.Count > 0);
        report.Require(
            $"images in windows with PostgreSQL all the time, quota {quota}", $"{string.Join(' ', shared)}", $"at most {most:0.0}",
            shared.TrueForAll(images => images <= most));
        report.Require(
            "images in all of these to their quotas", $"{share:P2}", $"100 % within {QuotaTolerance:P0}",
            shared.Count == 0 || Math.Abs(share - 1) <= QuotaTolerance);
    }

    private async Task MakeDatasetsAsync(CancellationToken stopping)
    {
        while (JobImages > 0 && !stopping.IsCancellationRequested)
        {
            var order = new DatasetOrder(JobImages, FirstSeed + (ulong)_jobs.Count);
            var job = await _datasets.CreateAsync(order, CancellationToken.None);
            job = await _datasets.EndAsync(job.Id, JobTimeout, CancellationToken.None);
            TrialReport.Progress($"data set {_jobs.Count + 1}: {job}");
            _jobs.Add((order, job, await DatasetOutput.DownloadAsync(_datasets, job.Id, CancellationToken.None)));
            await Task.Delay(JobPause, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
