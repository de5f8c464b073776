namespace CtfService.Jobs.Files;

/// <summary>
/// Keeps files in a folder, which is created at the first use. Several processes may share it, on one machine or on a shared volume such as NFS. Thread-safe.
/// </summary>
/// <remarks>
/// A file is written under a temporary name in the same file system, flushed to disk, and given its name in one step that fails if the name is taken. So
/// readers see complete files only, also after a crash or a power failure.
/// </remarks>
internal sealed class FolderFileStore : IFileStore
{
    /// <summary>Folder of incomplete files. No name of a file starts with a dot.</summary>
    private const string Incomplete = ".incomplete";

    private readonly string _folder;
    private readonly Leftovers _leftovers;
    private readonly Disk _disk;

    /// <param name="folder">Need not exist.</param>
    public FolderFileStore(string folder, TimeProvider clock)
        : this(folder, clock, Disk.OfSystem)
    {
    }

    internal FolderFileStore(string folder, TimeProvider clock, Disk disk)
    {
        _folder = Path.GetFullPath(folder);
        _leftovers = new Leftovers(Path.Combine(_folder, Incomplete), clock);
        _disk = disk;
    }

    public Task<StoredFile?> FindAsync(string name, CancellationToken cancellation)
    {
        FileNames.Require(name);
        return Task.FromResult(Attempt(() => Find(name)));
    }

    public Task<Stream?> OpenAsync(string name, long offset, long? length, CancellationToken cancellation)
    {
        FileNames.Require(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return Task.FromResult(Attempt<Stream?>(() => Open(name, offset, length)));
    }

    public async Task<bool> PublishAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        FileNames.Require(name);
        using var writing = new FolderWrite(_folder, Path.Combine(_folder, Incomplete), _leftovers, _disk);
        var file = Attempt(writing.Create);
        await write(new WritingStream(file, Describe), cancellation);
        return Attempt(() => writing.Publish(PathOf(name)));
    }

    public IAsyncEnumerable<StoredFile> ListAsync(string prefix, CancellationToken cancellation)
    {
        FileNames.RequirePrefix(prefix);
        return List().ToAsyncEnumerable();

        IEnumerable<StoredFile> List()
        {
            foreach (var name in Attempt(() => Names(prefix)))
            {
                cancellation.ThrowIfCancellationRequested();
                if (Attempt(() => Find(name)) is { } file) // null: deleted meanwhile
                {
                    yield return file;
                }
            }
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        FileNames.Require(name);
        Attempt(() =>
        {
            Delete(name);
            return true;
        });
        return Task.CompletedTask;
    }

    private StoredFile? Find(string name)
    {
        try
        {
            var file = new FileInfo(PathOf(name));
            return new StoredFile(name, file.Length, file.LastWriteTimeUtc); // reading the length throws if the file cannot be reached; Exists would be false
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private ReadingStream? Open(string name, long offset, long? length)
    {
        if (Find(name) is null)
        {
            return null; // opening a folder would be an error
        }

        try
        {
            // Other processes may delete the file while it is read.
            var file = new FileStream(
                PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16, FileOptions.Asynchronous);
            file.Position = offset;
            var rest = Math.Max(0, file.Length - offset);
            return new ReadingStream(file, Math.Min(rest, length ?? rest), Describe);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private List<string> Names(string prefix)
    {
        var start = Path.Combine(_folder, prefix[..(prefix.LastIndexOf('/') + 1)]);
        try
        {
            return
            [
                .. Directory.EnumerateFiles(start, "*", SearchOption.AllDirectories)
                    .Select(path => Path.GetRelativePath(_folder, path).Replace(Path.DirectorySeparatorChar, '/'))
                    .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && !name.StartsWith(Incomplete, StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Deletes a file, and the folders that are empty then.</summary>
    private void Delete(string name)
    {
        var path = PathOf(name);
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        for (var folder = Path.GetDirectoryName(path)!; folder != _folder; folder = Path.GetDirectoryName(folder)!)
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                return; // not empty
            }
        }
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private TResult Attempt<TResult>(Func<TResult> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            throw Describe(error);
        }
    }

    private FileStoreUnavailableException Describe(Exception error) => StorageErrors.Describe(_folder, error);
}
