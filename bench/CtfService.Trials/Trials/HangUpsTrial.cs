using System.CommandLine;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Reports;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>hang-ups</c>: callers who leave at random moments beside others who wait, and what is left of them.</summary>
internal static class HangUpsTrial
{
    /// <summary>Half of the callers hang up, in all kinds of requests with images and within uploads; the other half gets right images.</summary>
    private const string Mix = "json=30,file=15,stream=25,redetail=10,variation=10,edit=10,hangup=100";

    private const int Distinct = 64;

    private const int Callers = 20;

    /// <summary>Memory that the garbage collector may keep more than before, bytes: below it, a leak of 32 KB for each of 2,000 callers would show.</summary>
    private const long MostGrowth = 64L << 20;

    private const int ShortCount = 30;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ShortRound = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan CapacityTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(30);

    private static readonly Option<int> Count = TrialOptions.Of("count", 2_000, "Callers who hang up.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "hang-ups", "Callers hang up at random moments beside others who wait; then images, memory and metrics are checked.", Count, TrialOptions.Short);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        using var service = new ServiceInstance(
            ServiceBuild.In(arguments.GetValue(TrialOptions.Service)), "service", folder.File("logs"), $"--Storage:Folder={folder.Empty("jobs")}");
        await service.StartReadyAsync(cancellation);
        var isShort = arguments.GetValue(TrialOptions.Short);
        var count = isShort ? ShortCount : arguments.GetValue(Count);
        var target = new LoadTarget(service.Client.BaseAddress!, ApiKey: null);
        var catalog = await CatalogPreparation.RunAsync(target, reference: null, TrafficMix.Parse(Mix), Distinct, seed: 2, cancellation);
        TrialReport.Progress($"{catalog.Requests.Count} expected answers");

        var plan = new LoadPlan { Rate = 1, Duration = isShort ? ShortRound : CapacityTime };
        var full = await ClosedLoop.RunAsync(target, catalog, plan, Callers, TimeSpan.Zero, cancellation);
        var storm = new Storm(target, catalog, plan with { Rate = full.RequestsPerSecond, Duration = isShort ? ShortRound : Round });
        await storm.RunAsync(isShort ? count : Math.Max(100, count / 10), cancellation); // warms up: code, buffers, connections
        var before = await QuietAsync(service, cancellation);
        var memoryBefore = service.ResidentBytes();
        var results = await storm.RunAsync(count, cancellation);
        var after = await QuietAsync(service, cancellation);
        var memoryAfter = service.ResidentBytes();

        var report = new TrialReport("hang-ups");
        Note(report, results, full);
        var wrong = await ClosedLoop.CheckAllAsync(target, catalog, cancellation);
        report.Require(
            "the catalogue afterwards, byte for byte",
            $"{wrong.Count} of {catalog.Requests.Count} wrong {string.Join(" | ", wrong.Take(3))}",
            $"0",
            wrong.Count == 0);
        report.Require(
            "resident memory",
            $"{memoryBefore >> 20} MiB before, {memoryAfter >> 20} MiB after",
            $"at most {MostGrowth >> 20} MiB more",
            memoryAfter - memoryBefore <= MostGrowth);
        Judge(report, after, before);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static void Note(TrialReport report, IReadOnlyList<LoadReport> results, LoadReport full)
    {
        long Sum(Func<LoadReport, long> count) => results.Sum(count);
        report.Measure("capacity: callers who each wait", $"{full.RequestsPerSecond:0.0} requests/s, {full.ImagesPerSecond:0.0} images/s");
        report.Measure("callers who hung up", $"{Sum(result => result.Count(Outcome.HungUp))}");
        report.Measure("- who sent and got", $"{Sum(result => result.Sent)} requests and {Sum(result => result.Count(Outcome.Ok))} right answers");
        report.Measure("- refused (429)", $"{Sum(result => result.Count(Outcome.Overloaded))}");
        report.Require(
            "answers of the others",
            $"{Sum(result => result.Wrong)} wrong {string.Join(" | ", results.SelectMany(result => result.Faults).Take(3))}",
            $"0",
            Sum(result => result.Wrong) == 0);
    }

    /// <summary>Checks that every request that was received ended once, by reason, and that nothing is left in the service.</summary>
    private static void Judge(TrialReport report, ServiceMetrics after, ServiceMetrics before)
    {
        const string Received = "ctf_requests_received_total";
        const string Ended = "ctf_requests_ended_total";
        foreach (var route in after.Labels(Received, "ctf_route"))
        {
            var (received, ended) = (after.Sum(Received, $"ctf_route=\"{route}\""), after.Sum(Ended, $"ctf_route=\"{route}\""));
            report.Require($"metrics of {route}: received and ended", $"{received} and {ended}", $"equal", received == ended);
        }

        foreach (var reason in after.Labels(Ended, "ctf_reason"))
        {
            var label = $"ctf_reason=\"{reason}\"";
            report.Measure($"- ended by {reason}", $"{after.Sum(Ended, label) - before.Sum(Ended, label)}");
        }

        foreach (var gauge in (string[])["ctf_queue_images", "ctf_queue_rows", "ctf_images_running"])
        {
            report.Require($"metric {gauge} afterwards", $"{after.Sum(gauge)}", $"0", after.Sum(gauge) == 0);
        }
    }

    /// <summary>Waits until nothing waits or runs, and returns the metrics; those of a service that does not become quiet.</summary>
    private static async Task<ServiceMetrics> QuietAsync(ServiceInstance service, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var metrics = await ServiceMetrics.ReadAsync(service, cancellation);
            var isQuiet = metrics.Sum("ctf_queue_images") + metrics.Sum("ctf_images_running") == 0
                && metrics.Sum("ctf_requests_received_total") == metrics.Sum("ctf_requests_ended_total");
            if (isQuiet || TimeProvider.System.GetElapsedTime(started) > QuietTime)
            {
                return metrics;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellation);
        }
    }

    private sealed class Storm(LoadTarget target, RequestCatalog catalog, LoadPlan plan)
    {
        private int _rounds;

        /// <summary>Sends load until so many callers have hung up.</summary>
        public async Task<IReadOnlyList<LoadReport>> RunAsync(int count, CancellationToken cancellation)
        {
            var results = new List<LoadReport>();
            for (var hungUp = 0L; hungUp < count;)
            {
                var result = await OpenLoop.RunAsync(target, catalog, plan with { Seed = _rounds++ }, cancellation);
                results.Add(result);
                hungUp += result.Count(Outcome.HungUp);
                TrialReport.Progress($"{hungUp} of {count} callers have hung up");
            }

            return results;
        }
    }
}
