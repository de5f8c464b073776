using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Faults;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>faults</c>: storage that fails and is mended while a job runs.</summary>
internal static class FaultsTrial
{
    private static readonly Dictionary<string, Func<FaultScene, CancellationToken, Task>> Faults = new()
    {
        [DiskFull.Name] = DiskFull.RunAsync,
        [ReadOnlyFolder.Name] = ReadOnlyFolder.RunAsync,
        [DeletedShard.Name] = DeletedShard.RunAsync,
        [CorruptDatabase.Name] = CorruptDatabase.RunAsync,
        [DatabaseDown.Name] = DatabaseDown.RunAsync,
        [SlowDatabase.Name] = SlowDatabase.RunAsync,
    };

    private static readonly Option<int> Images = TrialOptions.Of("images", 3_000, "Images of each data set.");

    private static readonly Option<string[]> Only = TrialOptions.Of("only", Faults.Keys.ToArray(), "The faults to try.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "faults",
            "Full disk, read-only folder, deleted file, corrupt, absent and slow database: a clear state, nothing half-written; goes on after. Needs root.",
            Images, Only);
        Only.AcceptOnlyFromAmong([.. Faults.Keys]);
        Only.AllowMultipleArgumentsPerToken = true;
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("faults");
        var expected = await ExpectAsync(build, folder, new(arguments.GetValue(Images), Seed: 77), cancellation);
        foreach (var fault in arguments.GetValue(Only)!)
        {
            TrialReport.Progress($"{fault}");
            using var scene = new FaultScene(fault, build, folder, expected, report);
            try
            {
                await Faults[fault](scene, cancellation);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                report.Require($"{fault}: the trial itself", $"{failed.Message}", $"runs to its end", isMet: false);
            }
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static async Task<FaultExpectations> ExpectAsync(ServiceBuild build, TrialFolder folder, DatasetOrder order, CancellationToken cancellation)
    {
        using var alone = new ServiceInstance(build, "undisturbed", folder.File("logs"), $"--Storage:Folder={folder.Empty("undisturbed")}");
        await alone.StartReadyAsync(cancellation);
        var images = await ExpectedImages.DrawAsync(alone.Client, 8, cancellation);
        return new(order, await new UndisturbedRuns(alone, folder).OfAsync(order, cancellation), images);
    }
}
