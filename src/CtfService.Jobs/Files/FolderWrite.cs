namespace CtfService.Jobs.Files;

/// <summary>
/// Writes one file into a folder: under a temporary name in the same file system, flushed to disk, and given its name in one step that fails if the name is
/// taken. Dispose it to delete what was not published.
/// </summary>
/// <param name="folder">Top folder of the store; need not exist.</param>
/// <param name="incomplete">Folder of temporary files, below the top folder.</param>
internal sealed class FolderWrite(string folder, string incomplete, Leftovers leftovers, Disk disk) : IDisposable
{
    /// <summary>Deleting the last file of a folder deletes the folder, possibly one where a file is about to appear.</summary>
    private const int NamingTries = 100;

    /// <summary>EEXIST, which Linux and macOS number alike.</summary>
    private const int Exists = 17;

    private readonly string _temporary = Path.Combine(incomplete, Guid.NewGuid().ToString("N"));
    private Stream? _file;

    /// <summary>Returns the stream to write to. Call once.</summary>
    public Stream Create()
    {
        Directory.CreateDirectory(incomplete);
        leftovers.DeleteIfDue();
        return _file = disk.Create(_temporary);
    }

    /// <summary>Completes the file.</summary>
    /// <returns>False if the name was taken.</returns>
    public bool Publish(string path)
    {
        disk.Sync(_file!);
        _file!.Dispose(); // its lock would keep readers out
        for (var tries = 1; ; tries++)
        {
            var parent = Path.GetDirectoryName(path)!;
            try
            {
                CreateFolder(parent);
                var isNew = disk.TryName(_temporary, path);
                disk.SyncFolder(parent);
                return isNew;
            }
            catch (IOException error) when (tries < NamingTries && IsOfDeletedFolder(error) && File.Exists(_temporary))
            {
                // The folder was deleted between two calls, because it was empty.
            }
        }
    }

    public void Dispose()
    {
        try
        {
            _file?.Dispose(); // writes what is buffered, which fails again on a full disk
        }
        catch (IOException)
        {
        }

        try
        {
            File.Delete(_temporary);
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            // Leftovers are deleted later.
        }
    }

    /// <summary>Returns true if a folder did not exist, or existed when it was to be created and did not afterwards, which .NET reports as EEXIST.</summary>
    private static bool IsOfDeletedFolder(IOException error) => error is DirectoryNotFoundException || error.HResult == Exists;

    /// <summary>Creates a folder, and flushes the entries of those that are new.</summary>
    private void CreateFolder(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        if (path != folder)
        {
            CreateFolder(Path.GetDirectoryName(path)!);
        }

        Directory.CreateDirectory(path);
        disk.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
