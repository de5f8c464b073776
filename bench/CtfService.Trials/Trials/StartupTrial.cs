using System.CommandLine;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>startup</c>: time until ready and memory of the service without jobs, beside those of another build.</summary>
internal static class StartupTrial
{
    private const double MostRatio = 1.1;

    /// <summary>Time after which a service that does nothing has settled.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private static readonly Option<string> Baseline =
        new("--baseline") { Description = "Folder with CtfService.Api.dll of the build to compare with.", Required = true };

    private static readonly Option<int> Runs = TrialOptions.Of("runs", 5, "Starts of each build, in turn.");

    public static Command Create()
    {
        var command = TrialOptions.Command("startup", "Compares time until ready and memory of two builds, without jobs.", Baseline, Runs);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var report = new TrialReport("startup");
        var before = new Build(ServiceBuild.In(arguments.GetValue(Baseline)), "baseline", []);
        var now = new Build(ServiceBuild.In(arguments.GetValue(TrialOptions.Service)), "service", [$"--Storage:Folder={folder.File("data")}"]);
        var off = new Build(now.Service, "service without jobs", [.. now.Settings, "--Jobs:Enabled=false"]);
        Build[] builds = [before, now, off];
        foreach (var build in builds)
        {
            await build.StartAsync(folder, cancellation); // reads the files into memory
            build.Starts.Clear();
        }

        for (var run = 0; run < arguments.GetValue(Runs); run++)
        {
            foreach (var build in run % 2 == 0 ? builds : [.. builds.Reverse()])
            {
                await build.StartAsync(folder, cancellation);
            }
        }

        foreach (var build in builds)
        {
            var (times, sizes) = (build.Starts.Select(start => $"{start.Seconds:0.00}"), build.Starts.Select(start => $"{start.Megabytes:0}"));
            report.Measure($"{build.Name}: ready after", $"median {build.Seconds:0.00} s of {string.Join(' ', times)}");
            report.Measure($"{build.Name}: memory", $"median {build.Megabytes:0.0} MB of {string.Join(' ', sizes)}");
        }

        Compare(report, "time until ready", now.Seconds / before.Seconds);
        Compare(report, "memory", now.Megabytes / before.Megabytes);
        report.Require(
            "a folder without jobs", $"{(Directory.Exists(folder.File("data")) ? "was created" : "was not created")}", $"not created before its first use",
            !Directory.Exists(folder.File("data")));
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static void Compare(TrialReport report, string what, double ratio) =>
        report.Require($"{what}, of the baseline's", $"{ratio:0.000}", $"at most {MostRatio}", ratio <= MostRatio);

    private sealed record Build(ServiceBuild Service, string Name, string[] Settings)
    {
        public List<(double Seconds, double Megabytes)> Starts { get; } = [];

        public double Seconds => Median(start => start.Seconds);

        public double Megabytes => Median(start => start.Megabytes);

        public async Task StartAsync(TrialFolder folder, CancellationToken cancellation)
        {
            using var instance = new ServiceInstance(Service, Name, folder.File("logs"), Settings);
            var time = await instance.StartReadyAsync(cancellation);
            await Task.Delay(Settled, TimeProvider.System, cancellation);
            Starts.Add((time.TotalSeconds, instance.ResidentBytes() / 1e6));
        }

        private double Median(Func<(double Seconds, double Megabytes), double> value) => Starts.Select(value).Order().ElementAt(Starts.Count / 2);
    }
}
