using System.Diagnostics;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Faults;

/// <summary>PostgreSQL answers each statement after a second in the middle of a job, and later as fast as before.</summary>
internal static class SlowDatabase
{
    public const string Name = "slow-database";

    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(0.5); // in each direction

    /// <summary>Time of eight images one after another beside a job, on a busy machine; eight statements would take as long.</summary>
    private static readonly TimeSpan MostForImages = TimeSpan.FromSeconds(8);

    /// <summary>Starts a service whose database can become slow.</summary>
    public static async Task<PassingFault> PrepareAsync(FaultScene scene, CancellationToken cancellation)
    {
        var database = await PostgresServer.StartAsync(scene.Folder);
        var link = new SlowLink(database.Port);
        await DatabaseDown.StartAsync(scene, PostgresServer.ConnectionThrough(link.Port), cancellation);
        Task Set(TimeSpan delay)
        {
            link.Delay = delay;
            return Task.CompletedTask;
        }

        return new(() => Set(Delay), () => Set(TimeSpan.Zero), async () =>
        {
            await link.DisposeAsync();
            await database.DisposeAsync();
        });
    }

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        await using var database = await PostgresServer.StartAsync(scene.Folder);
        await using var link = new SlowLink(database.Port);
        await DatabaseDown.StartAsync(scene, PostgresServer.ConnectionThrough(link.Port), cancellation);
        var job = await scene.BeginAsync(cancellation);
        link.Delay = Delay;
        await Task.Delay(FaultScene.FaultTime, TimeProvider.System, cancellation);
        await scene.ShowsAsync(job.Id, "with a slow database", cancellation);
        var started = Stopwatch.GetTimestamp();
        await scene.ImagesAsync("with a slow database", cancellation);
        var time = Stopwatch.GetElapsedTime(started);
        scene.Require("interactive images do not wait", $"{time.TotalSeconds:0.0} s", $"at most {MostForImages.TotalSeconds:0} s", time <= MostForImages);
        await scene.AcceptsAsync("with a slow database", cancellation);

        link.Delay = TimeSpan.Zero;
        await scene.CompletesAsync(job.Id, cancellation);
        scene.Dispose(); // before its database
    }
}
