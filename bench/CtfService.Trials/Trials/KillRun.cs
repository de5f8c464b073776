using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary>Data sets one after another and interactive clients, while processes are killed. The last data set is finished after the last kill.</summary>
internal sealed class KillRun(IReadOnlyList<ServiceInstance> services, KillSchedule kills, ExpectedImages expected, int images)
{
    private const int InteractiveClients = 2;

    private const ulong FirstSeed = 5_000;

    private static readonly TimeSpan InteractivePause = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(30);

    private readonly InteractiveClient _interactive = new(services, expected, InteractivePause);
    private readonly DatasetClient _datasets = new(services);

    public InteractiveCounts Interactive => _interactive.Counts;

    public JobProgress Progress { get; } = new();

    /// <summary>The data sets in order, with what they ended as and their output.</summary>
    public List<(DatasetOrder Order, DatasetJob Job, DatasetOutput Output)> Ended { get; } = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var calm = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var killing = kills.RunAsync(cancellation);
        var clients = Enumerable.Range(0, InteractiveClients).Select(client => _interactive.RunAsync(client * 1_000, calm.Token)).ToList();
        do
        {
            await MakeAsync(new(images, FirstSeed + (ulong)Ended.Count), cancellation);
        }
        while (!killing.IsCompleted);

        await killing;
        await calm.CancelAsync();
        await Task.WhenAll(clients);
    }

    /// <summary>Adds what the interactive clients and the jobs must have met.</summary>
    public async Task ReportAsync(TrialReport report, UndisturbedRuns undisturbed, CancellationToken cancellation)
    {
        report.Measure("kills, restarts of the database", $"{kills.Restarts.Count}, {kills.DatabaseRestarts}");
        report.Measure("longest time without a finished shard", $"{Progress.LongestPause().TotalSeconds:0.0} s");
        foreach (var (order, job, output) in Ended)
        {
            var name = $"job {Ended.FindIndex(each => each.Job.Id == job.Id) + 1}";
            report.Require($"{name}: state", $"{job}", $"completed, {order.Images} images, none failed", IsComplete(order, job));
            report.Require(
                $"{name}: images, different seeds",
                $"{output.Seeds.Count}, {output.Seeds.Distinct().Count()}",
                $"{order.Images}",
                IsWhole(order, output));
            var differences = output.DifferencesTo(await undisturbed.OfAsync(order, cancellation));
            report.Require(
                $"{name}: files that differ from an undisturbed run",
                $"{differences.Count} of {output.Hashes.Count} {First(differences)}",
                $"0",
                differences.Count == 0);
        }

        var retried = string.Join(", ", Interactive.Retried.Select(pair => $"{pair.Key}: {pair.Value}"));
        report.Measure("interactive answers", $"{Interactive.Latencies}");
        report.Measure("interactive attempts that were tried again", $"{retried}");
        var failures = Interactive.Failures;
        report.Require("interactive failures", $"{failures.Count} {First(failures)}", $"0", failures.Count == 0);
    }

    private static string First(IReadOnlyList<string> lines) => string.Join(' ', lines.Take(3));

    private static bool IsComplete(DatasetOrder order, DatasetJob job) =>
        job.Status == "completed" && job.ImageCounts == new DatasetCounts(order.Images, order.Images, 0);

    private static bool IsWhole(DatasetOrder order, DatasetOutput output) =>
        output.Seeds.Count == order.Images && output.Seeds.Distinct().Count() == order.Images;

    private async Task MakeAsync(DatasetOrder order, CancellationToken cancellation)
    {
        var job = await _datasets.CreateAsync(order, cancellation);
        job = await _datasets.WaitAsync(job.Id, Saw, JobTimeout, cancellation);
        Saw(job);
        Progress.Ended(job);
        TrialReport.Progress($"job {Ended.Count + 1}: {job}");
        Ended.Add((order, job, await DatasetOutput.DownloadAsync(_datasets, job.Id, cancellation)));
    }

    private bool Saw(DatasetJob job)
    {
        Progress.Saw(job);
        return false;
    }
}
