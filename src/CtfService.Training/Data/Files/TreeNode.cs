using Microsoft.Win32.SafeHandles;

namespace CtfService.Training.Data.Files;

/// <summary>A file or folder of a data set, with links followed.</summary>
/// <param name="Name">Last component of the path.</param>
internal abstract record TreeNode(string Name);

/// <param name="Length">Length of the file, bytes.</param>
/// <param name="ReadAt">Reads the given number of bytes from an offset. Thread-safe.</param>
internal sealed record TreeFile(string Name, long Length, Func<long, int, byte[]> ReadAt) : TreeNode(Name)
{
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

/// <param name="Place">Real path of the folder, with forward slashes and links resolved; it identifies the folder.</param>
/// <param name="IsLink">Whether the folder was reached through a link.</param>
/// <param name="Children">Reads the content of the folder, in any order.</param>
internal sealed record TreeFolder(string Name, string Place, bool IsLink, Func<IEnumerable<TreeNode>> Children) : TreeNode(Name);

/// <summary>A file that cannot be read.</summary>
/// <param name="Reason">One of <see cref="SkipReasons"/>.</param>
internal sealed record TreeProblem(string Name, string Reason) : TreeNode(Name);
