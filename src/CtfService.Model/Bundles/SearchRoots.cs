namespace CtfService.Model.Bundles;

/// <summary>
/// Where relative folders of the settings are looked for, so that the same settings work from the repository, from the build output and from a published
/// folder.
/// </summary>
public sealed record SearchRoots(IReadOnlyList<string> Folders)
{
    /// <summary>Current folder, content root, and the program's folder with all above it.</summary>
    public static SearchRoots Of(string currentDirectory, string contentRoot, string programDirectory)
    {
        var roots = new List<string> { currentDirectory, contentRoot };
        for (var folder = new DirectoryInfo(programDirectory); folder is not null; folder = folder.Parent)
        {
            roots.Add(folder.FullName);
        }

        return new SearchRoots([.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))).Distinct()]);
    }

    /// <summary>Every place that the setting may mean, the first to be tried first. An absolute one means itself.</summary>
    public IReadOnlyList<string> Candidates(string setting) =>
        [.. Folders.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.Combine(root, setting)))).Distinct()];
}
