namespace CtfService.Trials.Processes;

/// <summary>A small file system in memory (tmpfs) that can be filled and made read-only. Needs root.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    /// <param name="folder">An existing empty folder.</param>
    /// <exception cref="InvalidOperationException">It cannot be mounted.</exception>
    public static async Task<SmallDisk> MountAsync(string folder, int megabytes)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("This trial mounts a small file system, which needs root.");
        }

        await ProgramRun.OfAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", folder);
        return new(folder);
    }

    /// <summary>Fills the disk until a number of bytes are left.</summary>
    public async Task FillAsync(long left)
    {
        var free = new DriveInfo(Folder).AvailableFreeSpace;
        await using var filler = File.Create(Filler);
        var zeros = new byte[64 * 1_024];
        try
        {
            for (var remaining = free - left; remaining > 0; remaining -= zeros.Length)
            {
                await filler.WriteAsync(zeros.AsMemory(0, (int)Math.Min(zeros.Length, remaining)));
            }
        }
        catch (IOException)
        {
            // The service took what was left.
        }
    }

    public void Free() => File.Delete(Filler);

    public Task SetReadOnlyAsync(bool isReadOnly) => ProgramRun.OfAsync("mount", "-o", isReadOnly ? "remount,ro" : "remount,rw", Folder);

    public async ValueTask DisposeAsync() => await ProgramRun.OfAsync("umount", "--lazy", Folder);
}
