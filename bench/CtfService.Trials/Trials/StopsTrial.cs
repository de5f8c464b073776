using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Stops;

namespace CtfService.Trials.Trials;

/// <summary><c>stops</c>: SIGTERM at random moments; every admitted request is answered, jobs go on, exit code 0.</summary>
internal static class StopsTrial
{
    /// <summary>Longest stop: a few steps of a full batch, and a second for a load that does not notice.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Longest time after the second signal.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    /// <summary>128 plus SIGTERM.</summary>
    private const int SecondSignal = 143;

    private static readonly Option<int> Times = TrialOptions.Of("times", 20, "Stops in each situation.");

    private static readonly Option<int> Images = TrialOptions.Of("images", 2_000, "Images of the job.");

    private static readonly Option<string> Bundle = new("--bundle") { Description = "Bundle to switch between two copies of. Default: the one that ships." };

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "stops", "SIGTERM idle, under load, while a model loads, in a switch and in a job, at random moments; and twice.",
            Times, TrialOptions.Short, Images, Bundle);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("stops");
        var times = arguments.GetValue(TrialOptions.Short) ? 2 : arguments.GetValue(Times);
        var order = new DatasetOrder(arguments.GetValue(TrialOptions.Short) ? 400 : arguments.GetValue(Images), Seed: 78);
        var (images, output) = await ExpectAsync(build, folder, order, cancellation);
        var bundle = arguments.GetValue(Bundle) ?? Path.Combine(Path.GetDirectoryName(build.Program)!, "models", "fruits-64");
        var scenes = new StopScenes(build, folder, bundle, images, new Random(20));
        await TryAsync("idle", scenes.IdleAsync, 0, Limit);
        await TryAsync("under load", scenes.LoadAsync, 0, Limit);
        await TryAsync("while the model loads", scenes.ModelLoadAsync, 0, Limit);
        await TryAsync("in a switch", scenes.SwitchAsync, 0, Limit);
        await TryAsync("second signal", scenes.TwiceAsync, SecondSignal, AtOnce);
        await TryJobAsync(scenes, order, output, times, report, cancellation);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));

        async Task TryAsync(string name, Func<CancellationToken, Task<StopResult>> scene, int exitCode, TimeSpan limit)
        {
            var stops = new List<StopResult>();
            for (var time = 0; time < times; time++)
            {
                stops.Add(await scene(cancellation));
            }

            Report(report, name, stops, exitCode, limit);
        }
    }

    private static async Task TryJobAsync(
        StopScenes scenes, DatasetOrder order, DatasetOutput output, int times, TrialReport report, CancellationToken cancellation)
    {
        var stops = new List<StopResult>();
        while (stops.Count < times)
        {
            var differences = (await scenes.JobAsync(order, times - stops.Count, stops.Add, cancellation)).DifferencesTo(output);
            report.Require(
                $"in a job: files that differ after {stops.Count} stops", $"{differences.Count} {string.Join(' ', differences)}", $"0", differences.Count == 0);
        }

        Report(report, "in a job", stops, exitCode: 0, Limit);
    }

    private static void Report(TrialReport report, string name, List<StopResult> stops, int exitCode, TimeSpan limit)
    {
        var codes = string.Join(", ", stops.CountBy(stop => stop.Code).Select(code => $"{code.Value} x {code.Key}"));
        report.Require($"{name}: exit codes", $"{codes}", $"all {exitCode}", stops.All(stop => stop.Code == exitCode));
        var slowest = stops.Max(stop => stop.Elapsed);
        report.Require(
            $"{name}: time to the end",
            $"median {stops.Select(stop => stop.Elapsed.TotalSeconds).Order().ElementAt(stops.Count / 2):0.00} s, at most {slowest.TotalSeconds:0.00} s",
            $"at most {limit.TotalSeconds:0} s",
            slowest <= limit);
        var tallies = stops.Select(stop => stop.Requests).ToList();
        var (right, refused) = (tallies.Sum(tally => tally.Right), tallies.Sum(tally => tally.Refused));
        var late = tallies.Sum(tally => tally.NotAdmitted + tally.Unread);
        var wrong = tallies.SelectMany(tally => tally.Wrong).ToList();
        if (right + refused + late + wrong.Count > 0)
        {
            report.Require(
                $"{name}: requests",
                $"{right} right, {refused} with 503, {late} not accepted any more, {wrong.Count} lost or wrong {string.Join("; ", wrong.Take(3))}",
                $"0 lost or wrong",
                wrong.Count == 0);
        }
    }

    private static async Task<(ExpectedImages Images, DatasetOutput Output)> ExpectAsync(
        ServiceBuild build, TrialFolder folder, DatasetOrder order, CancellationToken cancellation)
    {
        using var alone = new ServiceInstance(build, "undisturbed", folder.File("logs"), $"--Storage:Folder={folder.Empty("undisturbed")}");
        await alone.StartReadyAsync(cancellation);
        var images = await ExpectedImages.DrawAsync(alone.Client, 24, cancellation);
        return (images, await new UndisturbedRuns(alone, folder).OfAsync(order, cancellation));
    }
}
