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
    private const int ProbesOfRound = 100; // they log more than a pipe holds

    private const long PipeBytes = 65_536;

    private static readonly string[] Parts = ["engine", "slow", "clock", "files", "logs", "hang", "hang-one"];

    private static readonly Option<int> Times = TrialOptions.Of("times", 100, "How often each fault happens; of slow clients and bodies, how many at once.");
    private static readonly Option<string[]> Only = TrialOptions.Of("only", Parts, "What to try.");
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(0.3); // real time, in which images are drawn by another process

    private static readonly Option<string> Bundle = TrialOptions.Of("bundle", "models/fruits-64", "Folder of the bundle, of which a copy is served.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "engine-faults", "Faults of the engine under load: only the images concerned fail, and right ones follow within 5 s.",
            Times, Bundle, Only, TrialOptions.Short);
        Only.AcceptOnlyFromAmong(Parts);
        Only.AllowMultipleArgumentsPerToken = true;
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
        var times = isShort ? 2 : arguments.GetValue(Times);
        var only = arguments.GetValue(Only)!;
        using var scene = new EngineScene(folder, report);
        await scene.StartAsync(bundle, cancellation);
        if (only.Contains("engine"))
        {
            foreach (var fault in EngineFault.All)
            {
                await scene.InjectAsync(fault, times, cancellation);
            }
        }

        if (only.Contains("slow"))
        {
            await SlowAsync(scene, isShort ? 20 : times, isShort ? 500 : 10_000, pause, cancellation);
        }

        if (only.Contains("clock"))
        {
            await ClockAsync(scene, times, cancellation);
        }

        if (only.Contains("files"))
        {
            await FilesAsync(scene, bundle, times, cancellation);
        }

        if (only.Contains("logs"))
        {
            await LogsAsync(scene, times, cancellation);
        }

        if (only.Contains("hang"))
        {
            await HangsAsync(scene, isShort ? 1 : times, cancellation);
        }

        if (only.Contains("hang-one") && !isShort)
        {
            await HangOneAsync(scene, times, cancellation);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    /// <param name="clients">Number of slow clients of each kind.</param>
    /// <param name="idle">Number of idle connections.</param>
    private static async Task SlowAsync(EngineScene scene, int clients, int idle, TimeSpan pause, CancellationToken cancellation)
    {
        await scene.UndisturbedAsync($"{clients} clients that read a byte a second", async () =>
        {
            var readers = new List<Task>();
            while (readers.Count < clients)
            {
                var client = await SlowClients.RequestAsync(scene.Service.Port, cancellation); // one after another: all at once would fill the queue
                readers.Add(SlowClients.ReadAsync(client, 3 * pause, cancellation));
            }

            await Task.WhenAll(readers);
        });
        string[] answers = [];
        await scene.UndisturbedAsync($"{clients} bodies of a byte a second", async () => answers = await Task.WhenAll(
            Enumerable.Range(0, clients).Select(_ => SlowClients.WriteAsync(scene.Service.Port, cancellation))));
        var refused = answers.Count(answer => answer.Contains("408", StringComparison.Ordinal));
        scene.Report.Require($"{clients} bodies of a byte a second: answers", $"{refused} with 408", $"{clients}", refused == answers.Length);
        await scene.UndisturbedAsync($"{idle} idle connections", async () =>
        {
            var connections = await SlowClients.IdleAsync(scene.Service.Port, idle, cancellation);
            await Task.Delay(pause, TimeProvider.System, cancellation);
            foreach (var connection in connections)
            {
                connection.Dispose();
            }
        });
    }

    private static Task ClockAsync(EngineScene scene, int times, CancellationToken cancellation) =>
        scene.UndisturbedAsync($"clock set by +1 h, back by 2 h and by +1 h, {times} times", async () =>
        {
            for (var time = 0; time < times; time++)
            {
                foreach (var hours in (int[])[1, -2, 1])
                {
                    await scene.MoveClockAsync(TimeSpan.FromHours(hours));
                    await Task.Delay(Moment, TimeProvider.System, cancellation);
                }
            }
        });

    private static Task FilesAsync(EngineScene scene, string source, int times, CancellationToken cancellation) =>
        scene.UndisturbedAsync($"bundle truncated, overwritten, deleted and copied again while loaded, {times} times", async () =>
        {
            for (var time = 0; time < times; time++)
            {
                var files = Directory.GetFiles(scene.Bundle).Order(StringComparer.Ordinal).ToArray();
                foreach (var file in files)
                {
                    await using var truncated = File.OpenWrite(file);
                    truncated.SetLength(100);
                }

                await Task.Delay(Moment, TimeProvider.System, cancellation);
                foreach (var file in files)
                {
                    await File.WriteAllBytesAsync(file, new byte[10_000], cancellation);
                }

                await Task.Delay(Moment, TimeProvider.System, cancellation);
                Directory.Delete(scene.Bundle, recursive: true);
                await Task.Delay(Moment, TimeProvider.System, cancellation);
                scene.CopyBundle(source);
            }
        });

    /// <summary>Each time the log has more lines than its disk or pipe takes, and then the pipe is read until it is empty.</summary>
    private static async Task LogsAsync(EngineScene scene, int times, CancellationToken cancellation)
    {
        foreach (var log in (LogTarget[])[LogTarget.FullDisk, LogTarget.Unread])
        {
            using var service = scene.Instance($"log-{log}", log, "--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Debug");
            await service.StartReadyAsync(cancellation);
            await using var load = new FaultyLoad(service.Client, scene.Images);
            var (began, live, full, slowest) = (Stopwatch.GetTimestamp(), 0, 0, TimeSpan.Zero);
            load.Start();
            for (var time = 0; time < times; time++)
            {
                for (var probe = 0; probe < ProbesOfRound; probe++)
                {
                    using var answer = await service.Client.GetAsync(new Uri("/health/live", UriKind.Relative), cancellation);
                    live += answer.IsSuccessStatusCode ? 1 : 0;
                }

                full += log == LogTarget.FullDisk || await service.ReadLogAsync(cancellation) >= PipeBytes ? 1 : 0;
                var recovered = await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1)) ?? TimeSpan.MaxValue;
                slowest = recovered > slowest ? recovered : slowest;
            }

            var where = $"{(log == LogTarget.FullDisk ? "log to a full disk" : "log to a pipe that no one reads")}, {full} times";
            scene.RequireRight(where, load.Since(began));
            scene.Report.Require($"{where}: next right image", $"{slowest.TotalSeconds:0.00} s", $"at most 5 s", slowest <= EngineScene.Recovery);
            scene.Report.Require(
                $"{where}: probes", $"{live} of {times * ProbesOfRound} answered", $"all, {times} times", live == times * ProbesOfRound && full == times);
        }
    }

    private static async Task HangsAsync(EngineScene scene, int times, CancellationToken cancellation)
    {
        var hangs = new List<Hang>();
        var answers = new List<LoadedAnswer>();
        for (var time = 0; time < times; time++)
        {
            hangs.Add(await HangAsync(scene, cancellation));
            var began = Stopwatch.GetTimestamp();
            await using var load = new FaultyLoad(scene.Service.Client, scene.Images);
            load.Start();
            await load.RecoveryAsync(began, TimeSpan.FromMinutes(1));
            answers.AddRange(load.Since(began));
        }

        double Slowest(Func<Hang, TimeSpan> time) => hangs.Max(time).TotalSeconds;
        var unready = hangs.Count(hang => hang.Unready > TimeSpan.Zero);
        scene.Report.Require(
            $"hang, {times} times: readiness", $"{unready} times off before the exit, after at most {Slowest(hang => hang.Unready):0.0} s", $"{times}",
            unready == times);
        var codes = hangs.SelectMany(hang => hang.Codes).CountBy(code => code).ToList();
        scene.Report.Require(
            $"hang, {times} times: requests in flight", $"{string.Join(", ", codes.Select(code => $"{code.Value} {code.Key}"))}", $"all device_hangs",
            codes is [{ Key: "device_hangs" }]);
        var exits = hangs.Count(hang => hang.ExitCode == 70);
        scene.Report.Require(
            $"hang, {times} times: exit code", $"{exits} times 70, after at most {Slowest(hang => hang.Exit):0.0} s", $"{times}", exits == times);
        scene.Report.Measure($"hang, {times} times: ready again", $"after at most {Slowest(hang => hang.Ready):0.0} s");
        scene.RequireRight($"hang, {times} times: images after the restart", answers);
    }

    private static async Task<Hang> HangAsync(EngineScene scene, CancellationToken cancellation)
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

        var answers = await Task.WhenAll(requests);
        var code = await exit;
        var exited = Stopwatch.GetElapsedTime(began);
        return new(unready, [.. answers.Select(answer => answer.Code ?? "an image")], code, exited, await scene.Service.StartReadyAsync(cancellation));
    }

    /// <summary>One of two devices hangs under load, each time in a new process, which goes on with the other.</summary>
    private static async Task HangOneAsync(EngineScene scene, int times, CancellationToken cancellation)
    {
        var answers = new List<LoadedAnswer>();
        var (ready, slowest) = (0, TimeSpan.Zero);
        for (var time = 0; time < times; time++)
        {
            using var service = scene.Instance("two-devices", LogTarget.File, "--Model:Devices:0=cpu", "--Model:Devices:1=cpu");
            await service.StartReadyAsync(cancellation);
            await using var load = new FaultyLoad(service.Client, scene.Images);
            var began = Stopwatch.GetTimestamp();
            load.Start();
            await load.RecoveryAsync(began, TimeSpan.FromMinutes(1));
            await service.ArmFaultAsync("HangOne", 1);
            while (service.IsRunning && load.Since(began).All(answer => answer.IsRight) && Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(2))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation); // polls another process
            }

            var recovered = await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1)) ?? TimeSpan.MaxValue;
            slowest = recovered > slowest ? recovered : slowest;
            using var readiness = await service.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellation);
            ready += readiness.IsSuccessStatusCode ? 1 : 0;
            answers.AddRange(load.Since(began));
        }

        var codes = answers.Where(answer => !answer.IsRight).CountBy(answer => answer.Code ?? "other bytes").ToList();
        var failed = codes.Sum(code => code.Value);
        scene.Report.Require(
            $"one of two devices hangs, {times} times",
            $"{string.Join(", ", codes.Select(code => $"{code.Value} {code.Key}"))}; {answers.Count - failed} images right",
            $"{times} to {times * FaultyLoad.Clients} device_hangs, all others right",
            codes is [{ Key: "device_hangs" }] && failed >= times && failed <= times * FaultyLoad.Clients);
        scene.Report.Require($"one of two devices hangs: next right image", $"{slowest.TotalSeconds:0.00} s", $"at most 5 s", slowest <= EngineScene.Recovery);
        scene.Report.Require($"one of two devices hangs: ready afterwards", $"{ready}", $"{times}", ready == times);
    }

    /// <summary>What a hang led to.</summary>
    /// <param name="Unready">Time until the service was not ready; zero if it ended before.</param>
    /// <param name="Codes">How the requests in flight ended.</param>
    /// <param name="Exit">Time until the process ended.</param>
    /// <param name="Ready">Time until the restarted process was ready.</param>
    private sealed record Hang(TimeSpan Unready, IReadOnlyList<string> Codes, int ExitCode, TimeSpan Exit, TimeSpan Ready);
}
