using System.CommandLine;
using CtfService.Trials.Datasets;
using CtfService.Trials.Faults;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>faults</c>: storage that fails and is mended while jobs run, once for long and many times for a moment.</summary>
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

    private static readonly Dictionary<string, Func<FaultScene, int, CancellationToken, Task>> Repeated = new()
    {
        [DiskFull.Name] = Passing(DiskFull.PrepareAsync),
        [ReadOnlyFolder.Name] = Passing(ReadOnlyFolder.PrepareAsync),
        [DeletedShard.Name] = DeletedShard.RepeatAsync,
        [CorruptDatabase.Name] = CorruptDatabase.RepeatAsync,
        [DatabaseDown.Name] = Passing(DatabaseDown.PrepareAsync),
        [SlowDatabase.Name] = Passing(SlowDatabase.PrepareAsync),
    };

    private static readonly Option<int> Images = TrialOptions.Of("images", 3_000, "Images of the data set during which a fault lasts.");

    private static readonly Option<int> Times = TrialOptions.Of("times", 100, "How often each fault comes and goes afterwards.");

    private static readonly Option<int> SmallImages = TrialOptions.Of("small-images", 384, "Images of each data set meanwhile.");

    private static readonly Option<bool> OnlyRepeated = TrialOptions.Of("only-repeated", false, "Leaves out the faults that last.");

    private static readonly Option<string[]> Only = TrialOptions.Of("only", Faults.Keys.ToArray(), "The faults to try.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "faults",
            "Full disk, read-only folder, deleted file, corrupt, absent and slow database: a clear state, nothing half-written; goes on after. Needs root.",
            Images, Times, SmallImages, Only, OnlyRepeated);
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
        var only = arguments.GetValue(Only)!;
        if (!arguments.GetValue(OnlyRepeated))
        {
            await TryAsync(arguments.GetValue(Images), only.Select(fault => (fault, Faults[fault])));
        }

        if (arguments.GetValue(Times) is > 0 and var times)
        {
            await TryAsync(arguments.GetValue(SmallImages), only.Select(fault => ($"{fault}-passing", TimesOf(fault, times))));
        }

        async Task TryAsync(int images, IEnumerable<(string Name, Func<FaultScene, CancellationToken, Task> RunAsync)> faults)
        {
            var expected = await ExpectAsync(build, folder, new(images, Seed: 77), cancellation);
            foreach (var (name, runAsync) in faults)
            {
                TrialReport.Progress($"{name}");
                using var scene = new FaultScene(name, build, folder, expected, report);
                try
                {
                    await runAsync(scene, cancellation);
                }
                catch (Exception failed) when (failed is not OperationCanceledException)
                {
                    report.Require($"{name}: the trial itself", $"{failed.Message}", $"runs to its end", isMet: false);
                }
            }
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static Func<FaultScene, CancellationToken, Task> TimesOf(string fault, int times) =>
        (scene, cancellation) => Repeated[fault](scene, times, cancellation);

    /// <summary>Returns a trial that breaks and mends the storage of one service.</summary>
    private static Func<FaultScene, int, CancellationToken, Task> Passing(Func<FaultScene, CancellationToken, Task<PassingFault>> prepare) =>
        async (scene, times, cancellation) =>
        {
            var passing = await prepare(scene, cancellation);
            try
            {
                await scene.RepeatAsync(passing, times, cancellation);
            }
            finally
            {
                scene.Dispose(); // before its storage
                await passing.EndAsync();
            }
        };

    private static async Task<FaultExpectations> ExpectAsync(ServiceBuild build, TrialFolder folder, DatasetOrder order, CancellationToken cancellation)
    {
        using var alone = new ServiceInstance(
            build, "undisturbed", folder.File("logs"), $"--Storage:Folder={folder.Empty("undisturbed")}", FaultExpectations.Dtype);
        await alone.StartReadyAsync(cancellation);
        var images = await ExpectedImages.DrawAsync(alone.Client, 8, cancellation);
        return new(order, await new UndisturbedRuns(alone, folder).OfAsync(order, cancellation), images);
    }
}
