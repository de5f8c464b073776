namespace CtfService.Model.Storage;

/// <summary>
/// Replaces a folder as a whole: after a crash or a power failure it holds either the old files or the new ones. The new folder is written next to the old one,
/// flushed to disk, and then renamed. Only one process at a time may replace a folder.
/// </summary>
public sealed class AtomicFolder
{
    private readonly string _path;
    private readonly string _parent;
    private readonly string _next;
    private readonly string _old;
    private readonly Disk _disk;

    /// <param name="path">A folder, a link to one, or nothing yet.</param>
    /// <param name="mark">Precedes <c>.next</c> and <c>.old</c> in the names of the temporary folders next to it. Folders with these names are deleted, so no
    /// user's folder may have them.</param>
    public AtomicFolder(string path, string mark = ".ctf")
        : this(path, mark, Disk.OfSystem)
    {
    }

    internal AtomicFolder(string path, string mark, Disk disk)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var isLink = new DirectoryInfo(full).LinkTarget is not null;
        _path = isLink ? Directory.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName : full;
        _parent = Path.GetDirectoryName(_path) ?? throw new IOException($"'{path}' is the root of a file system. Choose a folder below it.");
        _next = $"{_path}{mark}.next";
        _old = $"{_path}{mark}.old";
        _disk = disk;
    }

    /// <param name="fill">Writes the new files into the empty folder that it is given. If it throws, the old folder is kept.</param>
    /// <param name="keepOldAs">Path on the same file system to which the old folder is moved, which is replaced if it exists; null to delete the old folder.
    /// </param>
    public void Replace(Action<string> fill, string? keepOldAs = null)
    {
        Recover();
        Directory.CreateDirectory(_next);
        try
        {
            fill(_next);
            Sync(_next);
        }
        catch
        {
            _disk.DeleteFolder(_next);
            throw;
        }

        _disk.SyncFolder(_parent);
        if (Directory.Exists(_path))
        {
            _disk.MoveFolder(_path, _old); // if the process ends here, Recover takes the new folder, which is complete
        }

        _disk.MoveFolder(_next, _path);
        _disk.SyncFolder(_parent);
        if (keepOldAs is not null && Directory.Exists(_old))
        {
            DeleteIfThere(keepOldAs);
            Directory.CreateDirectory(Path.GetDirectoryName(keepOldAs)!);
            _disk.MoveFolder(_old, keepOldAs);
        }

        DeleteIfThere(_old);
    }

    /// <summary>Completes or undoes an interrupted replacement. Call it before the folder is read.</summary>
    public void Recover()
    {
        if (!Directory.Exists(_path) && Directory.Exists(_old))
        {
            _disk.MoveFolder(Directory.Exists(_next) ? _next : _old, _path);
            _disk.SyncFolder(_parent);
        }

        DeleteIfThere(_next); // incomplete: the old folder had not been moved away
        DeleteIfThere(_old);
    }

    private void DeleteIfThere(string folder)
    {
        if (Directory.Exists(folder))
        {
            _disk.DeleteFolder(folder);
        }
    }

    private void Sync(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            _disk.SyncFile(file);
        }

        foreach (var inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).Append(folder))
        {
            _disk.SyncFolder(inner);
        }
    }
}
