namespace CtfService.Training.Data.Files;

/// <summary>A data set in a folder. Symbolic links are followed, including those that leave the folder.</summary>
internal static class DiskTree
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, MatchType = MatchType.Simple, IgnoreInaccessible = false };

    public static TreeFolder Open(string path) => Folder(new DirectoryInfo(path).Name, path, RealPath(path), isLink: false);

    /// <summary>Opens a file; a link is followed.</summary>
    public static TreeFile OpenFile(string path)
    {
        var file = new FileInfo(path);
        return File(file, file.ResolveLinkTarget(returnFinalTarget: true) is { } target ? new FileInfo(target.FullName) : file);
    }

    private static TreeFolder Folder(string name, string path, string realPath, bool isLink) =>
        new(name, realPath.Replace(Path.DirectorySeparatorChar, '/').TrimEnd('/'), isLink, () => Children(path, realPath));

    private static IEnumerable<TreeNode> Children(string path, string realPath) =>
        new DirectoryInfo(path).EnumerateFileSystemInfos("*", Everything).Select(item => Node(item, realPath));

    private static TreeNode Node(FileSystemInfo item, string parent)
    {
        if (item.LinkTarget is not null)
        {
            return Linked(item);
        }

        return item is FileInfo file
            ? File(file, file)
            : Folder(item.Name, item.FullName, Path.Combine(parent, item.Name), isLink: false);
    }

    private static TreeNode Linked(FileSystemInfo link)
    {
        if (Directory.Exists(link.FullName))
        {
            return Folder(link.Name, link.FullName, RealPath(link.FullName), isLink: true);
        }

        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target
                ? File(link, new FileInfo(target.FullName))
                : new TreeProblem(link.Name, SkipReasons.LinkToNothing);
        }
        catch (IOException) // a cycle of links
        {
            return new TreeProblem(link.Name, SkipReasons.LinkToNothing);
        }
    }

    /// <param name="item">The file, or a link to it.</param>
    private static TreeFile File(FileSystemInfo item, FileInfo target) => TreeFile.At(item.Name, new FilePlace(item.FullName, 0), target.Length);

    /// <summary>Returns the path with all links resolved.</summary>
    private static string RealPath(string path)
    {
        var full = Path.GetFullPath(path);
        var real = Path.GetPathRoot(full)!;
        foreach (var part in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, part);
            real = Directory.ResolveLinkTarget(next, returnFinalTarget: true) is { } target ? RealPath(target.FullName) : next;
        }

        return real;
    }
}
