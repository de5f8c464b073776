using System.CommandLine;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Traffic;

namespace CtfService.Trials.Trials;

/// <summary><c>limits</c>: the service in a container's limits: one processor, and little memory.</summary>
internal static class LimitsTrial
{
    private const int Callers = 6; // of each kind

    /// <summary>Time in which a full queue empties.</summary>
    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(30);

    private static readonly Option<double> Seconds = TrialOptions.Of("seconds", 60.0, "Time of the load in each limit.");

    private static readonly Option<int[]> Sizes = TrialOptions.Of("mebibytes", new[] { 1_024, 512, 384, 256, 128 }, "Limits of memory to try.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "limits",
            "One processor and little memory, while callers make the service hold as much as they can: it is never ended by the system. Needs root.",
            Seconds, Sizes);
        Sizes.AllowMultipleArgumentsPerToken = true;
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("limits");
        foreach (var mebibytes in arguments.GetValue(Sizes)!)
        {
            using var group = MemoryGroup.TryCreate($"ctf-trial-{Environment.ProcessId}-{mebibytes}", (long)mebibytes << 20)
                ?? throw new InvalidOperationException("This machine does not let this process create control groups (as root does on Linux).");
            using var service = new ServiceInstance(build, $"{mebibytes}", folder.File("logs"), $"--Storage:Folder={folder.Empty($"jobs {mebibytes}")}")
            {
                Launcher = group.Joining,
            };
            await TryAsync(service, group, $"{mebibytes} MiB", TimeSpan.FromSeconds(arguments.GetValue(Seconds)), report, cancellation);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static async Task TryAsync(
        ServiceInstance service, MemoryGroup group, string limit, TimeSpan time, TrialReport report, CancellationToken cancellation)
    {
        try
        {
            var ready = await service.StartReadyAsync(cancellation);
            report.Measure($"{limit}: ready after", $"{ready.TotalSeconds:0.0} s");
        }
        catch (InvalidOperationException) when (!service.IsRunning)
        {
            var exit = await service.EndAsync(cancellation);
            var last = service.LastLines(1).SingleOrDefault("");
            var isClear = exit == 78 && last.Contains("memory", StringComparison.Ordinal);
            report.Require($"{limit}: refuses to start", $"exit code {exit}: {last}", $"78 and a message", isClear);
            return;
        }

        var expected = await ExpectedImages.DrawAsync(service.Client, 8, cancellation);
        var callers = new LargeCallers(service.Client);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            stop.CancelAfter(time);
            await callers.RunAsync(Callers, stop.Token);
        }

        foreach (var ((kind, status), count) in callers.Answers)
        {
            report.Measure($"{limit}: {kind}", $"{count} with {(status == 0 ? "a closed connection" : $"{status}")}");
        }

        report.Measure($"{limit}: most memory, with files", $"{group.Peak >> 20} MiB");
        report.Require($"{limit}: ended by the system", $"{group.Killed}", $"never", group.Killed == 0 && service.IsRunning);
        // 400: with less memory, smaller pictures are the largest.
        var failed = callers.Answers.Where(answer => answer.Key.Status is not (200 or 400 or 429 or 503)).Sum(answer => answer.Value);
        report.Require($"{limit}: answers other than 200, 400, 429 and 503", $"{failed}", $"none", failed == 0);
        if (service.IsRunning)
        {
            await Task.Delay(Drained, TimeProvider.System, cancellation);
            var again = await ExpectedImages.DrawAsync(service.Client, 8, cancellation);
            var wrong = Enumerable.Range(0, 8).Count(number => !again[number].File.AsSpan().SequenceEqual(expected[number].File));
            report.Require($"{limit}: other images afterwards", $"{wrong}", $"none", wrong == 0);
            await service.StopAsync();
        }
    }
}
