namespace CtfService.TestSupport;

/// <summary>The root of the repository: the folder above the test output that contains the solution.</summary>
public static class RepositoryFolder
{
    public static string Root { get; } = Find();

    public static string File(params string[] path) => Path.Combine([Root, .. path]);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "CtfService.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No CtfService.sln above {AppContext.BaseDirectory}.");
    }
}
