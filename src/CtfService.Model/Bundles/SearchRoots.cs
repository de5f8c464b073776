namespace CtfService.Model.Bundles;

/// <summary>
/// The folders that relative paths in settings are resolved against, so that the same settings work in the repository, in the build output and in a published
/// folder.
/// </summary>
public sealed record SearchRoots(IReadOnlyList<string> Folders)
{
    /// <summary>Combines the current folder, the content root, and the program's folder with all its parents.</summary>
    public static SearchRoots Of(string currentDirectory, string contentRoot, string programDirectory)
    {
        var roots = new List<string> { currentDirectory, contentRoot };
        for (var folder = new DirectoryInfo(programDirectory); folder is not null; folder = folder.Parent)
        {
            roots.Add(folder.FullName);
        }

        return new SearchRoots([.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))).Distinct()]);
    }

    /// <summary>Returns the paths that a setting may mean, in the order to try them. An absolute path means itself.</summary>
    public IReadOnlyList<string> Candidates(string setting) =>
        [.. Folders.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(root, setting)))).Distinct()];
}
