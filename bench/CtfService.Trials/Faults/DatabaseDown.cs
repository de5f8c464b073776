using CtfService.Trials.Processes;

namespace CtfService.Trials.Faults;

/// <summary>PostgreSQL ends in the middle of a job and starts again later.</summary>
internal static class DatabaseDown
{
    public const string Name = "database-down";

    /// <summary>Starts a service whose database can end.</summary>
    public static async Task<PassingFault> PrepareAsync(FaultScene scene, CancellationToken cancellation)
    {
        var database = await PostgresServer.StartAsync(scene.Folder);
        await StartAsync(scene, database.ConnectionString, cancellation);
        return new(database.StopAsync, database.StartAgainAsync, async () => await database.DisposeAsync());
    }

    public static Task StartAsync(FaultScene scene, string connection, CancellationToken cancellation) =>
        scene.StartAsync(Path.Combine(scene.Folder, "storage"), cancellation, $"--Storage:ConnectionString={connection}");

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        await using var database = await PostgresServer.StartAsync(scene.Folder);
        await StartAsync(scene, database.ConnectionString, cancellation);
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
