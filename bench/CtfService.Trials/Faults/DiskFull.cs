using CtfService.Trials.Processes;

namespace CtfService.Trials.Faults;

/// <summary>The disk of database and files fills in the middle of a shard and has room again later.</summary>
internal static class DiskFull
{
    public const string Name = "disk-full";

    private const int DiskMegabytes = 96;

    private const long BytesLeft = 300_000; // less than a shard

    /// <summary>Starts a service whose disk can be filled.</summary>
    public static async Task<PassingFault> PrepareAsync(FaultScene scene, CancellationToken cancellation)
    {
        var disk = await SmallDisk.MountAsync(scene.Folder, DiskMegabytes);
        await scene.StartAsync(Path.Combine(disk.Folder, "data"), cancellation);
        return new(
            () => disk.FillAsync(BytesLeft),
            () =>
            {
                disk.Free();
                return Task.CompletedTask;
            },
            async () => await disk.DisposeAsync());
    }

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        await using var disk = await SmallDisk.MountAsync(scene.Folder, DiskMegabytes);
        try
        {
            await scene.StartAsync(Path.Combine(disk.Folder, "data"), cancellation);
            var job = await scene.BeginAsync(cancellation);

            await disk.FillAsync(BytesLeft);
            await Task.Delay(FaultScene.FaultTime, TimeProvider.System, cancellation);
            await scene.ShowsAsync(job.Id, "with a full disk", cancellation);
            await scene.ServesWholeFilesAsync(job.Id, "with a full disk", cancellation);
            await scene.ImagesAsync("with a full disk", cancellation);
            await scene.RefusesAsync("with a full disk", "full", cancellation);

            disk.Free();
            await scene.CompletesAsync(job.Id, cancellation);
        }
        finally
        {
            scene.Dispose(); // before its disk
        }
    }
}
