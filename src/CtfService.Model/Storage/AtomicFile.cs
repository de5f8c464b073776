using System.Text;

namespace CtfService.Model.Storage;

/// <summary>
/// Replaces a file atomically: a reader sees either the old content or the new, also after a crash or a power failure. Several processes may write the same
/// file.
/// </summary>
public static class AtomicFile
{
    private const string Suffix = ".tmp";

    /// <param name="path">In an existing folder.</param>
    /// <param name="write">Writes the new content. If it throws, the old content is kept.</param>
    public static void Write(string path, Action<Stream> write) => Write(path, write, Disk.OfSystem);

    public static void WriteBytes(string path, ReadOnlyMemory<byte> content) => Write(path, stream => stream.Write(content.Span));

    /// <summary>As UTF-8.</summary>
    public static void WriteText(string path, string content) => WriteBytes(path, Encoding.UTF8.GetBytes(content));

    public static void Copy(string source, string target)
    {
        using var from = File.OpenRead(source);
        Write(target, from.CopyTo);
    }

    /// <inheritdoc cref="Write(string, Action{Stream})"/>
    public static Task WriteAsync(string path, Func<Stream, Task> write) => WriteAsync(path, write, Disk.OfSystem);

    internal static void Write(string path, Action<Stream> write, Disk disk) => WriteAsync(
        path,
        stream =>
        {
            write(stream);
            return Task.CompletedTask;
        },
        disk).GetAwaiter().GetResult(); // complete already: nothing in it waits

    private static async Task WriteAsync(string path, Func<Stream, Task> write, Disk disk)
    {
        var target = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(target)!;
        RemoveLeftovers(folder, Path.GetFileName(target), disk);
        var temporary = $"{target}.{Path.GetRandomFileName()}{Suffix}"; // same folder: a move between file systems is not atomic
        try
        {
            // Open until it is moved: shows other processes that the file is in use.
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete))
            {
                await write(stream);
                stream.Flush(flushToDisk: true);
                disk.MoveFile(temporary, target);
            }

            disk.SyncFolder(folder);
        }
        finally
        {
            disk.DeleteFile(temporary);
        }
    }

    /// <summary>Deletes temporary files of processes that were killed while they wrote this file.</summary>
    private static void RemoveLeftovers(string folder, string name, Disk disk)
    {
        var length = name.Length + 1 + Path.GetRandomFileName().Length + Suffix.Length;
        var leftovers = Directory.EnumerateFiles(folder, $"*{Suffix}")
            .Where(file => Path.GetFileName(file) is var found && found.Length == length && found.StartsWith($"{name}.", StringComparison.Ordinal));
        foreach (var leftover in leftovers.ToList())
        {
            try
            {
                using var abandoned = new FileStream(leftover, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                continue; // another process is writing it
            }

            disk.DeleteFile(leftover);
        }
    }
}
