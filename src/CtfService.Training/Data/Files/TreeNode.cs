namespace CtfService.Training.Data.Files;

/// <summary>What a data set's folder or tar file holds at one place, links followed.</summary>
/// <param name="Name">Last part of the path.</param>
internal abstract record TreeNode(string Name);

/// <param name="Length">Bytes.</param>
/// <param name="Read">Returns the file's bytes; may be called from any thread.</param>
internal sealed record TreeFile(string Name, long Length, Func<byte[]> Read) : TreeNode(Name);

/// <param name="Place">Path of the folder itself, with forward slashes and without links: the same folder always has the same.</param>
/// <param name="IsLink">True if a link leads here.</param>
/// <param name="Children">Reads what lies in the folder; in any order.</param>
internal sealed record TreeFolder(string Name, string Place, bool IsLink, Func<IEnumerable<TreeNode>> Children) : TreeNode(Name);

/// <summary>Something that cannot be read.</summary>
/// <param name="Reason">One of <see cref="SkipReasons"/>.</param>
internal sealed record TreeProblem(string Name, string Reason) : TreeNode(Name);
