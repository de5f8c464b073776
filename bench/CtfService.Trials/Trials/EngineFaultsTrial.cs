using System.CommandLine;
using System.Diagnostics;
using System.Net;
using CtfService.Trials.Engine;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>engine-faults</c>: faults of the engine, slow clients, a clock that is set, files that vanish, logs that cannot be written, a hang.</summary>
internal static class EngineFaultsTrial
{
    private static readonly Option<int> Times = TrialOptions.Of("times", 100, "How often each fault of the engine happens.");
    private static readonly Option<string> Bundle = TrialOptions.Of("bundle", "models/fruits-64", "Folder of the bundle, of which a copy is served.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "engine-faults", "Faults of the engine under load: only the images concerned fail, and right ones follow within 5 s.",
            Times, Bundle, TrialOptions.Short);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var report = new TrialReport("engine-faults");
        var isShort = arguments.GetValue(TrialOptions.Short);
        var pause = TimeSpan.FromSeconds(isShort ? 1 : 3);
        var bundle = Path.GetFullPath(arguments.GetValue(Bundle)!);
        using var scene = new EngineScene(folder, report);
        await scene.StartAsync(bundle, cancellation);
        foreach (var fault in EngineFault.All)
        {
            await scene.InjectAsync(fault, isShort ? 2 : arguments.GetValue(Times), cancellation);
        }

        await SlowAsync(scene, isShort ? 500 : 10_000, pause, cancellation);
        await scene.UndisturbedAsync("clock set by +1 h and back by 2 h", async () =>
        {
            foreach (var hours in (int[])[1, -2, 1])
            {
                await scene.MoveClockAsync(TimeSpan.FromHours(hours));
                await Task.Delay(pause, TimeProvider.System, cancellation);
            }
        });
        await FilesAsync(scene, bundle, pause, cancellation);
        await LogsAsync(scene, cancellation);
        for (var hang = 0; hang < (isShort ? 1 : 3); hang++)
        {
            await HangAsync(scene, cancellation);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    /// <param name="idle">Number of idle connections.</param>
    private static async Task SlowAsync(EngineScene scene, int idle, TimeSpan pause, CancellationToken cancellation)
    {
        await scene.UndisturbedAsync("20 clients that read a byte a second", () => Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => SlowClients.ReadAsync(scene.Service.Port, 3 * pause, cancellation))));
        string[] answers = [];
        await scene.UndisturbedAsync("20 bodies of a byte a second", async () => answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => SlowClients.WriteAsync(scene.Service.Port, cancellation))));
        var refused = answers.Count(answer => answer.Contains("408", StringComparison.Ordinal));
        scene.Report.Require("20 bodies of a byte a second: answers", $"{refused} with 408", $"20", refused == answers.Length);
        await scene.UndisturbedAsync($"{idle} idle connections", async () =>
        {
            var clients = await SlowClients.IdleAsync(scene.Service.Port, idle, cancellation);
            await Task.Delay(pause, TimeProvider.System, cancellation);
            foreach (var client in clients)
            {
                client.Dispose();
            }
        });
    }

    private static async Task FilesAsync(EngineScene scene, string source, TimeSpan pause, CancellationToken cancellation)
    {
        await scene.UndisturbedAsync("bundle truncated, overwritten and deleted while loaded", async () =>
        {
            var files = Directory.GetFiles(scene.Bundle).Order(StringComparer.Ordinal).ToArray();
            foreach (var file in files)
            {
                await using var truncated = File.OpenWrite(file);
                truncated.SetLength(100);
            }

            await Task.Delay(pause, TimeProvider.System, cancellation);
            foreach (var file in files)
            {
                await File.WriteAllBytesAsync(file, new byte[10_000], cancellation);
            }

            await Task.Delay(pause, TimeProvider.System, cancellation);
            Directory.Delete(scene.Bundle, recursive: true);
        });
        scene.CopyBundle(source);
    }

    private static async Task LogsAsync(EngineScene scene, CancellationToken cancellation)
    {
        foreach (var log in (LogTarget[])[LogTarget.FullDisk, LogTarget.Unread])
        {
            using var service = scene.Instance($"log-{log}", log, "--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Debug");
            await service.StartReadyAsync(cancellation);
            await using var load = new FaultyLoad(service.Client, scene.Images);
            var began = Stopwatch.GetTimestamp();
            load.Start();
            var live = 0;
            for (var probe = 0; probe < 1_000; probe++)
            {
                using var answer = await service.Client.GetAsync(new Uri("/health/live", UriKind.Relative), cancellation);
                live += answer.IsSuccessStatusCode ? 1 : 0;
            }

            await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1));
            var where = log == LogTarget.FullDisk ? "log to a full disk" : "log to a pipe that nobody reads";
            scene.RequireRight(where, load.Since(began));
            scene.Report.Require($"{where}: probes", $"{live} of 1000 answered", $"all", live == 1_000);
        }
    }

    private static async Task HangAsync(EngineScene scene, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        await scene.Service.ArmFaultAsync("Hang", 1);
        var requests = scene.Images.Take(3).Select(image => image.SendAsync(scene.Service.Client)).ToList();
        var (unready, exit) = (TimeSpan.Zero, scene.Service.EndAsync(cancellation));
        while (unready == TimeSpan.Zero && !exit.IsCompleted)
        {
            using var readiness = await scene.Service.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellation);
            unready = readiness.StatusCode == HttpStatusCode.ServiceUnavailable ? Stopwatch.GetElapsedTime(began) : TimeSpan.Zero;
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellation);
        }

        scene.Report.Require("hang: readiness", $"off after {unready.TotalSeconds:0.0} s", $"off before the exit", unready > TimeSpan.Zero);
        var answers = await Task.WhenAll(requests);
        scene.Report.Require(
            "hang: requests in flight", $"{string.Join(", ", answers.Select(answer => answer.Code ?? "an image"))}", $"device_hangs",
            answers.All(answer => answer.Code == "device_hangs"));
        var code = await exit;
        scene.Report.Require("hang: exit code", $"{code} after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s", $"70", code == 70);
        var restarted = await scene.Service.StartReadyAsync(cancellation);
        await scene.UndisturbedAsync($"hang: images after the restart (ready after {restarted.TotalSeconds:0.0} s)", () => Task.CompletedTask);
    }
}
