using Microsoft.Win32.SafeHandles;

namespace CtfService.Training.Data.Files;

/// <summary>A file or folder of a data set, with links followed.</summary>
/// <param name="Name">Last component of the path.</param>
internal abstract record TreeNode(string Name);

/// <param name="Length">Length of the file, bytes.</param>
/// <param name="ReadAt">Reads the given number of bytes from an offset. Thread-safe.</param>
internal sealed record TreeFile(string Name, long Length, Func<long, int, byte[]> ReadAt) : TreeNode(Name)
{
    /// <summary>Where the content is on disk; null if it is in memory.</summary>
    public FilePlace? Place { get; init; }

    /// <summary>Returns a file that is opened each time it is read, so that any number of them need no open files.</summary>
    public static TreeFile At(string name, FilePlace place, long length) => new(name, length, (offset, count) =>
    {
        using var handle = File.OpenHandle(place.Path);
        return ReadExactly(handle, place.Path, place.Start + offset, count);
    })
    {
        Place = place,
    };

    /// <summary>Reads the given number of bytes from an open file; <paramref name="path"/> is for the error message.</summary>
    /// <exception cref="EndOfStreamException">The file became shorter while it was read.</exception>
    public static byte[] ReadExactly(SafeFileHandle file, string path, long offset, int count)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = RandomAccess.Read(file, bytes.AsSpan(read), offset + read);
            read += more > 0 ? more : throw new EndOfStreamException($"'{path}' became shorter while it was read.");
        }

        return bytes;
    }
}

/// <summary>A range of bytes on disk.</summary>
/// <param name="Path">The file itself, or the tar file that holds it.</param>
/// <param name="Start">Offset of the first byte in <paramref name="Path"/>; 0 for a file of its own.</param>
internal readonly record struct FilePlace(string Path, long Start);

/// <param name="Place">Real path of the folder, with forward slashes and links resolved; it identifies the folder.</param>
/// <param name="IsLink">Whether the folder was reached through a link.</param>
/// <param name="Children">Reads the content of the folder, in any order.</param>
internal sealed record TreeFolder(string Name, string Place, bool IsLink, Func<IEnumerable<TreeNode>> Children) : TreeNode(Name);

/// <summary>A file that cannot be read.</summary>
/// <param name="Reason">One of <see cref="SkipReasons"/>.</param>
internal sealed record TreeProblem(string Name, string Reason) : TreeNode(Name);
