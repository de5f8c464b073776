using System.Runtime.InteropServices;

namespace CtfService.Jobs.Files;

/// <summary>The file system operations that give a file its name atomically, one method each, so that a test can make any of them fail.</summary>
internal partial class Disk
{
    private const int ReadOnly = 0; // O_RDONLY
    private const int CurrentFolder = -100; // AT_FDCWD of Linux
    private const uint NoReplace = 1; // RENAME_NOREPLACE

    private const int NotFound = 2; // ENOENT; both are the same on Linux and macOS
    private const int Exists = 17; // EEXIST

    public static Disk OfSystem { get; } = new();

    /// <summary>Creates a file for writing that no other process can open.</summary>
    public virtual Stream Create(string path) =>
        new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16, FileOptions.Asynchronous);

    /// <summary>Flushes the content of an open file to disk.</summary>
    public virtual void Sync(Stream file) => ((FileStream)file).Flush(flushToDisk: true);

    /// <summary>
    /// Gives a file its final name unless a file has it already, in one step: a check followed by a rename would let two processes overwrite each other.
    /// The temporary name may remain; delete it afterwards.
    /// </summary>
    /// <returns>False if the name was taken.</returns>
    /// <exception cref="DirectoryNotFoundException">The folder of the name is missing.</exception>
    public virtual bool TryName(string temporary, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryMove(temporary, path); // refuses to overwrite in one step there
        }

        if (Link(temporary, path) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Exists => false,
            NotFound => throw new DirectoryNotFoundException($"The folder of '{path}' is missing."),
            _ => TryRename(temporary, path), // no hard links here: some FUSE, SMB and FAT file systems
        };
    }

    /// <summary>Flushes the entries of a folder to disk. On Windows they are written with the files.</summary>
    public virtual void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = Open(path, ReadOnly); // .NET cannot open folders
        if (folder >= 0)
        {
            _ = Sync(folder); // some file systems do not support it; nothing more can be done then
            _ = Close(folder);
        }
    }

    private static bool TryRename(string temporary, string path)
    {
        if (OperatingSystem.IsLinux() && RenameWith(CurrentFolder, temporary, CurrentFolder, path, NoReplace) == 0)
        {
            return true;
        }

        // Last resort, a check and a rename: of two writers at the same moment the last may win. Either file is complete.
        return !(OperatingSystem.IsLinux() && Marshal.GetLastPInvokeError() == Exists) && TryMove(temporary, path);
    }

    private static bool TryMove(string temporary, string path)
    {
        try
        {
            File.Move(temporary, path);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string existing, string added);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RenameWith(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
