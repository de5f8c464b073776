namespace CtfService.Model.Storage;

/// <summary>The entries of a folder: which files it has. They are flushed apart from the content of the files.</summary>
public static class FolderEntries
{
    /// <summary>Flushes the entries to disk, so that files that were created or renamed in the folder are there after a power failure.</summary>
    public static void Sync(string folder) => Disk.OfSystem.SyncFolder(folder);
}
