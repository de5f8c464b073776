using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Starts;

namespace CtfService.Trials.Trials;

/// <summary><c>starts</c>: every start that must fail does so within 5 s, with one clear message and its exit code.</summary>
internal static class StartsTrial
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly Option<int> Times = TrialOptions.Of("times", 5, "Attempts at each start.");

    private static readonly Option<string> Bundle = new("--bundle") { Description = "Bundle whose copies are damaged. Default: the one that ships." };

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "starts", "Starts that must fail: options, ports, bundles, devices, stores. Each ends within 5 s with a message and an exit code.",
            Times, TrialOptions.Short, Bundle);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("starts");
        var times = arguments.GetValue(TrialOptions.Short) ? 1 : arguments.GetValue(Times);
        var bundles = new BadBundles(folder, arguments.GetValue(Bundle) ?? Path.Combine(Path.GetDirectoryName(build.Program)!, "models", "fruits-64"));
        await using var stores = await BadStores.PrepareAsync(folder, report);
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        BadStart[] starts = [.. BadStart.OfSettings(((IPEndPoint)taken.LocalEndpoint).Port), .. bundles.Starts(), .. stores.Starts()];
        foreach (var start in starts)
        {
            await TryAsync(start, build, folder, times, report, cancellation);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static async Task TryAsync(
        BadStart start, ServiceBuild build, TrialFolder folder, int times, TrialReport report, CancellationToken cancellation)
    {
        var attempts = new List<StartAttempt>();
        for (var time = 0; time < times; time++)
        {
            string[] settings = ["--urls=http://127.0.0.1:0", $"--Storage:Folder={folder.File("unused")}", .. start.Settings];
            attempts.Add(await StartAttempt.RunAsync(build, start.Limit, settings, cancellation));
        }

        var wrong = attempts.Find(attempt => attempt.ExitCode != start.ExitCode || !attempt.IsReadable
            || !attempt.Message.StartsWith("The service cannot start. ", StringComparison.Ordinal)
            || !attempt.Message.Contains(start.Cause, StringComparison.Ordinal));
        var (slowest, shown) = (attempts.Max(attempt => attempt.Elapsed), wrong ?? attempts[0]);
        report.Require(
            start.Name,
            $"exit code {shown.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "none"}, at most {slowest.TotalSeconds:0.0} s: {shown.Message}",
            $"exit code {start.ExitCode}, {Limit.TotalSeconds:0} s, names: {start.Cause}",
            wrong is null && slowest <= Limit);
    }
}
