namespace CtfService.Api.Models;

/// <summary>Resolves symbolic links without leaving a folder.</summary>
internal static class LinksBelow
{
    /// <summary>Maximum number of links, as many as operating systems follow before they report a loop.</summary>
    private const int MaxLinks = 40;

    public static bool IsBelow(string root, string path) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Returns the folder with all links resolved; null if a link leads out of the root or in a loop. The root itself may be a link.</summary>
    /// <param name="folder">Full path below the root; need not exist.</param>
    public static string? Follow(string root, string folder)
    {
        var target = new DirectoryInfo(root).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? root;
        var path = Path.Combine(target, Path.GetRelativePath(root, folder));
        for (var links = 0; links < MaxLinks; links++)
        {
            if (!IsBelow(target, path))
            {
                return null;
            }

            if (FirstLink(target, path) is not { } link)
            {
                return path;
            }

            path = Path.GetFullPath(link.LinkTarget! + path[link.FullName.Length..], Path.GetDirectoryName(link.FullName)!);
        }

        return null;
    }

    private static DirectoryInfo? FirstLink(string root, string path)
    {
        var parts = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
        return Enumerable.Range(1, parts.Length)
            .Select(count => new DirectoryInfo(Path.Combine([root, .. parts.Take(count)])))
            .FirstOrDefault(folder => folder.LinkTarget is not null);
    }
}
