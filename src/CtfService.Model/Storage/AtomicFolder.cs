namespace CtfService.Model.Storage;

/// <summary>
/// Replaces a folder as a whole: after a crash or a power failure it holds the old files or the new ones, never a mixture. The new folder is written beside the
/// old one, put on the disk, and then renamed. One process at a time.
/// </summary>
public sealed class AtomicFolder
{
    private readonly string _path;
    private readonly string _parent;
    private readonly string _next;
    private readonly string _old;
    private readonly Disk _disk;

    /// <param name="path">A folder, a link to one, or nothing yet.</param>
    /// <param name="mark">Stands before <c>.next</c> and <c>.old</c> in the names of the folders beside it; they are deleted, so no user's folder may have
    /// these names.</param>
    public AtomicFolder(string path, string mark = ".ctf")
        : this(path, mark, Disk.OfSystem)
    {
    }

    internal AtomicFolder(string path, string mark, Disk disk)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var isLink = new DirectoryInfo(full).LinkTarget is not null;
        _path = isLink ? Directory.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName : full;
        _parent = Path.GetDirectoryName(_path) ?? throw new IOException($"'{path}' is the root of a file system. Name a folder below it.");
        _next = $"{_path}{mark}.next";
        _old = $"{_path}{mark}.old";
        _disk = disk;
    }

    /// <param name="fill">Writes the new files into the empty folder that it gets. If it throws, the old folder stays.</param>
    public void Replace(Action<string> fill)
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
            _disk.MoveFolder(_path, _old); // from here to the next line the new folder, which is whole, counts
        }

        _disk.MoveFolder(_next, _path);
        _disk.SyncFolder(_parent);
        DeleteIfThere(_old);
    }

    /// <summary>Finishes or takes back a replacement that was interrupted. To be called before the folder is read.</summary>
    public void Recover()
    {
        if (!Directory.Exists(_path) && Directory.Exists(_old))
        {
            _disk.MoveFolder(Directory.Exists(_next) ? _next : _old, _path);
            _disk.SyncFolder(_parent);
        }

        DeleteIfThere(_next); // not whole: the old folder was not moved away yet
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
