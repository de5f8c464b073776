using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>kill-embedded</c>: one process with SQLite is killed again and again; its job must go on by itself after each start.</summary>
internal static class EmbeddedKillTrial
{
    private const int ExpectedCount = 48;

    private static readonly TimeSpan GoesOnWithin = TimeSpan.FromSeconds(10);

    private static readonly Option<int> Images = TrialOptions.Of("images", 5_000, "Images of each data set; the data sets follow each other.");
    private static readonly Option<double> Minutes = TrialOptions.Of("minutes", 5.0, "Time of the kills.");
    private static readonly Option<double> Interval = TrialOptions.Of("interval", 15.0, "Seconds between two kills.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "kill-embedded", "Kills one process with SQLite; its job goes on within 10 s, and the output equals that of an undisturbed run.",
            Images, Minutes, Interval);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("kill-embedded");
        using var service = new ServiceInstance(build, "service", folder.File("logs"), $"--Storage:Folder={folder.Empty("embedded")}");
        await service.StartReadyAsync(cancellation);
        var expected = await ExpectedImages.DrawAsync(service.Client, ExpectedCount, cancellation);

        var kills = new KillSchedule(
            [service], database: null, TimeSpan.FromSeconds(arguments.GetValue(Interval)), TimeSpan.FromMinutes(arguments.GetValue(Minutes)));
        var run = new KillRun([service], kills, expected, arguments.GetValue(Images));
        await run.RunAsync(cancellation);
        service.Kill();

        using var alone = new ServiceInstance(build, "undisturbed", folder.File("logs"), $"--Storage:Folder={folder.Empty("undisturbed")}");
        await alone.StartReadyAsync(cancellation);
        var moves = kills.Restarts.Select(run.Progress.TimeToMove).OfType<TimeSpan>().Order().ToList();
        report.Require(
            "time from a restart until the job has moved",
            $"median {moves[moves.Count / 2].TotalSeconds:0.0} s, longest {moves[^1].TotalSeconds:0.0} s of {moves.Count}",
            $"at most {GoesOnWithin.TotalSeconds:0} s",
            moves[^1] <= GoesOnWithin);
        await run.ReportAsync(report, new UndisturbedRuns(alone, folder), cancellation);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }
}
