using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>latency</c>: what a job costs interactive callers, and what they leave to the job.</summary>
internal static class LatencyTrial
{
    private const double MostRatio = 1.3;

    private const double LeastShare = 0.45;

    private const int ExpectedCount = 96;

    private const double HalfLoad = 0.5;

    private static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(5);

    private static readonly Option<int> Callers = TrialOptions.Of(
        "callers", 1, "Full load is what so many callers get who each wait for their answer; with 1, half load keeps the service busy half of the time.");

    private static readonly Option<double> Light = TrialOptions.Of("load", 0.15, "Light interactive load as a share of full load.");
    private static readonly Option<double> Seconds = TrialOptions.Of("seconds", 20.0, "Time of each measurement.");
    private static readonly Option<int> Rounds = TrialOptions.Of("rounds", 3, "Rounds, in which all measurements take turns.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "latency", "Interactive latency without and during a job, and a job's images a second without and with interactive load.",
            Callers, Light, Seconds, Rounds);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        using var service = new ServiceInstance(build, "service", folder.File("logs"), $"--Storage:Folder={folder.Empty("jobs")}");
        await service.StartReadyAsync(cancellation);
        var time = TimeSpan.FromSeconds(arguments.GetValue(Seconds));
        var expected = await ExpectedImages.DrawAsync(service.Client, ExpectedCount, cancellation);
        var callers = arguments.GetValue(Callers);
        var capacity = await SteadyArrivals.CapacityAsync(service.Client, expected, callers, time, cancellation);
        var measurements = new Measurements(service, expected, time);
        for (var round = 1; round <= arguments.GetValue(Rounds); round++)
        {
            TrialReport.Progress($"round {round} of {arguments.GetValue(Rounds)}");
            await measurements.RoundAsync(capacity, arguments.GetValue(Light), (ulong)round, cancellation);
        }

        var report = new TrialReport("latency");
        report.Measure($"full load: images/s of callers who each wait ({callers})", $"{capacity:0.0}");
        Report(report, $"{arguments.GetValue(Light):P0} load", measurements.Light);
        Report(report, $"{HalfLoad:P0} load", measurements.Half);
        var (alone, shared) = (measurements.JobAlone.Average(), measurements.JobShared.Average());
        report.Measure("job alone, images/s", $"{alone:0.0}");
        report.Measure($"job during {HalfLoad:P0} load, images/s", $"{shared:0.0}");
        report.Require("share of the machine for the job", $"{shared / alone:P1}", $"at least {LeastShare:P0}", shared >= LeastShare * alone);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static void Report(TrialReport report, string load, Pair pair)
    {
        var (idle, busy) = (new Latencies(pair.Idle), new Latencies(pair.Busy));
        report.Measure($"{load}, no job", $"{idle}");
        report.Measure($"{load}, during a job", $"{busy}");
        report.Require($"{load}, ratio of p95", $"{busy.P95 / idle.P95:0.00}", $"at most {MostRatio}", busy.P95 <= MostRatio * idle.P95);
    }

    /// <summary>Times of requests, seconds, without and during a job.</summary>
    private sealed record Pair
    {
        public List<double> Idle { get; } = [];

        public List<double> Busy { get; } = [];
    }

    private sealed class Measurements(ServiceInstance service, ExpectedImages expected, TimeSpan time)
    {
        private readonly DatasetClient _datasets = new([service]);

        public Pair Light { get; } = new();

        public Pair Half { get; } = new();

        public List<double> JobAlone { get; } = [];

        public List<double> JobShared { get; } = [];

        public async Task RoundAsync(double capacity, double light, ulong seed, CancellationToken cancellation)
        {
            Light.Idle.AddRange(await ArriveAsync(capacity * light, cancellation));
            Half.Idle.AddRange(await ArriveAsync(capacity * HalfLoad, cancellation));

            var images = (int)Math.Max(10_000, capacity * time.TotalSeconds * 6); // outlasts the three measurements
            var job = await _datasets.CreateAsync(new(images, seed), cancellation);
            await _datasets.WaitAsync(job.Id, each => each.ImageCounts.Completed > 0, JobTimeout, cancellation);
            JobAlone.Add(await RateAsync(job.Id, () => Task.Delay(time, TimeProvider.System, cancellation), cancellation));
            Light.Busy.AddRange(await ArriveAsync(capacity * light, cancellation));
            JobShared.Add(await RateAsync(
                job.Id, async () => Half.Busy.AddRange(await ArriveAsync(capacity * HalfLoad, cancellation)), cancellation));
            await _datasets.CancelAsync(job.Id, cancellation);
            await _datasets.EndAsync(job.Id, JobTimeout, cancellation);
        }

        private async Task<IEnumerable<double>> ArriveAsync(double rate, CancellationToken cancellation) =>
            (await SteadyArrivals.RunAsync(service.Client, expected, rate, time, cancellation)).Seconds;

        /// <summary>Returns the images a second that a job finishes during an action.</summary>
        private async Task<double> RateAsync(string id, Func<Task> action, CancellationToken cancellation)
        {
            var before = await _datasets.FindAsync(id, cancellation);
            var started = TimeProvider.System.GetTimestamp();
            await action();
            var after = await _datasets.FindAsync(id, cancellation);
            return (after.ImageCounts.Completed - before.ImageCounts.Completed) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        }
    }
}
