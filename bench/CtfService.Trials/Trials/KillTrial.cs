using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>kill</c>: several processes share jobs through PostgreSQL and a folder, while they are killed and the database restarts.</summary>
internal static class KillTrial
{
    private const int ExpectedCount = 48;

    private static readonly Option<int> Images = TrialOptions.Of("images", 5_000, "Images of each data set; the data sets follow each other.");
    private static readonly Option<double> Minutes = TrialOptions.Of("minutes", 5.0, "Time of the kills.");
    private static readonly Option<double> Interval = TrialOptions.Of("interval", 10.0, "Seconds between two kills.");
    private static readonly Option<int> Processes = TrialOptions.Of("processes", 3, "Processes of the service.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "kill", "Kills processes that share jobs through PostgreSQL; outputs must equal those of an undisturbed process.",
            Images, Minutes, Interval, Processes);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("kill");
        using var alone = new ServiceInstance(build, "undisturbed", folder.File("logs"), $"--Storage:Folder={folder.Empty("undisturbed")}");
        await alone.StartReadyAsync(cancellation);
        var expected = await ExpectedImages.DrawAsync(alone.Client, ExpectedCount, cancellation);
        alone.Kill();

        await using var database = await PostgresServer.StartAsync(folder.Empty("postgres"));
        string[] settings = [$"--Storage:Folder={folder.Empty("shared")}", $"--Storage:ConnectionString={database.ConnectionString}"];
        var services = Enumerable.Range(1, arguments.GetValue(Processes))
            .Select(number => new ServiceInstance(build, $"service-{number}", folder.File("logs"), settings)).ToList();
        var kills = new KillSchedule(
            services, database, TimeSpan.FromSeconds(arguments.GetValue(Interval)), TimeSpan.FromMinutes(arguments.GetValue(Minutes)));
        var run = new KillRun(services, kills, expected, arguments.GetValue(Images));
        try
        {
            await Task.WhenAll(services.Select(service => service.StartReadyAsync(cancellation)));
            await run.RunAsync(cancellation);
        }
        finally
        {
            services.ForEach(service => service.Dispose());
        }

        await alone.StartReadyAsync(cancellation);
        await run.ReportAsync(report, new UndisturbedRuns(alone, folder), cancellation);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }
}
