using CtfService.Trials.Processes;

namespace CtfService.Trials.Faults;

/// <summary>PostgreSQL ends in the middle of a job and starts again later.</summary>
internal static class DatabaseDown
{
    public const string Name = "database-down";

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        await using var database = await PostgresServer.StartAsync(scene.Folder);
        await scene.StartAsync(Path.Combine(scene.Folder, "storage"), cancellation, $"--Storage:ConnectionString={database.ConnectionString}");
        var job = await scene.BeginAsync(cancellation);
        await database.StopAsync();
        await Task.Delay(FaultScene.FaultTime, TimeProvider.System, cancellation);
        await scene.ShowsAsync(job.Id, "without a database", cancellation);
        await scene.RefusesAsync("without a database", "database", cancellation);
        await scene.ImagesAsync("without a database", cancellation);

        await database.StartAgainAsync();
        await scene.CompletesAsync(job.Id, cancellation);
        scene.Dispose(); // before its database
    }
}
