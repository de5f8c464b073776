using System.Runtime.InteropServices;

namespace CtfService.Model.Storage;

/// <summary>The file system operations of atomic writes, one method each, so that a test can stop between any two of them.</summary>
internal partial class Disk
{
    private const int ReadOnly = 0; // O_RDONLY, the same on Linux and macOS

    public static Disk OfSystem { get; } = new();

    public virtual void MoveFile(string source, string target) => File.Move(source, target, overwrite: true);

    public virtual void DeleteFile(string path) => File.Delete(path);

    public virtual void MoveFolder(string source, string target) => Directory.Move(source, target);

    public virtual void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    /// <summary>Flushes the content of a file to disk.</summary>
    public virtual void SyncFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        file.Flush(flushToDisk: true);
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

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
