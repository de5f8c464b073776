using Microsoft.Win32.SafeHandles;

namespace CtfService.Training.Data.Files;

/// <summary>What a data set's folder or tar file holds at one place, links followed.</summary>
/// <param name="Name">Last part of the path.</param>
internal abstract record TreeNode(string Name);

/// <param name="Length">Bytes.</param>
/// <param name="ReadAt">Returns as many bytes as asked for, from an offset on; may be called from any thread.</param>
internal sealed record TreeFile(string Name, long Length, Func<long, int, byte[]> ReadAt) : TreeNode(Name)
{
    /// <summary>Returns so many bytes of an open file; <paramref name="path"/> is for the message.</summary>
    /// <exception cref="EndOfStreamException">The file has become shorter.</exception>
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

/// <param name="Place">Path of the folder itself, with forward slashes and without links: the same folder always has the same.</param>
/// <param name="IsLink">True if a link leads here.</param>
/// <param name="Children">Reads what lies in the folder; in any order.</param>
internal sealed record TreeFolder(string Name, string Place, bool IsLink, Func<IEnumerable<TreeNode>> Children) : TreeNode(Name);

/// <summary>Something that cannot be read.</summary>
/// <param name="Reason">One of <see cref="SkipReasons"/>.</param>
internal sealed record TreeProblem(string Name, string Reason) : TreeNode(Name);
