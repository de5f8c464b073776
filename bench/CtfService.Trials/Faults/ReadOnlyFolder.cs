using CtfService.Trials.Processes;

namespace CtfService.Trials.Faults;

/// <summary>The folder is read-only when the service starts; later the folder of the files becomes read-only during a job.</summary>
internal static class ReadOnlyFolder
{
    public const string Name = "read-only";

    private const string Files = "files"; // where the service keeps the files of jobs

    private const int DiskMegabytes = 96;

    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts a service whose folder of files can become read-only.</summary>
    public static async Task<PassingFault> PrepareAsync(FaultScene scene, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        var disk = await SmallDisk.MountAsync(Directory.CreateDirectory(Path.Combine(storage, Files)).FullName, DiskMegabytes);
        await scene.StartAsync(storage, cancellation);
        return new(() => TurnReadOnlyAsync(disk, cancellation), () => disk.SetReadOnlyAsync(false), async () => await disk.DisposeAsync());
    }

    public static async Task RunAsync(FaultScene scene, CancellationToken cancellation)
    {
        var storage = Path.Combine(scene.Folder, "data");
        var files = Directory.CreateDirectory(Path.Combine(storage, Files)).FullName;
        await using var all = await SmallDisk.MountAsync(storage, DiskMegabytes);
        Directory.CreateDirectory(files);
        await using var disk = await SmallDisk.MountAsync(files, DiskMegabytes);
        try
        {
            await all.SetReadOnlyAsync(true);
            await disk.SetReadOnlyAsync(true);
            scene.Prepare(storage);
            await scene.CannotStartAsync("in a read-only folder", storage, cancellation);

            await all.SetReadOnlyAsync(false);
            await disk.SetReadOnlyAsync(false);
            await scene.Service.StartReadyAsync(cancellation);
            var job = await scene.BeginAsync(cancellation);
            await TurnReadOnlyAsync(disk, cancellation);
            await Task.Delay(FaultScene.FaultTime, TimeProvider.System, cancellation);
            await scene.ShowsAsync(job.Id, "when the files became read-only", cancellation);
            await scene.ServesWholeFilesAsync(job.Id, "when the files became read-only", cancellation);
            await scene.ImagesAsync("when the files became read-only", cancellation);

            await disk.SetReadOnlyAsync(false);
            await scene.CompletesAsync(job.Id, cancellation);
        }
        finally
        {
            scene.Dispose(); // before its disks
        }
    }

    /// <summary>Waits for a moment in which no file is open for writing; the system refuses at any other.</summary>
    private static async Task TurnReadOnlyAsync(SmallDisk disk, CancellationToken cancellation)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await disk.SetReadOnlyAsync(true);
                return;
            }
            catch (InvalidOperationException) when (tries < 1_000)
            {
                await Task.Delay(BetweenTries, TimeProvider.System, cancellation);
            }
        }
    }
}
