namespace CtfService.Datasets.Folders;

/// <summary>A folder of images that a data set fills up, class by class.</summary>
/// <param name="Path">Full path.</param>
/// <param name="PerClass">Images that each class is to have; null for as many as the largest class has.</param>
public sealed record FilledFolder(string Path, int? PerClass = null)
{
    /// <summary>Returns true if the path names this folder.</summary>
    public bool Is(string path) => Normal(path) == Normal(Path);

    private static string Normal(string path) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
}
