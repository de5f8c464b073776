namespace CtfService.TestSupport;

/// <summary>The golden files, computed by the reference implementation: those of the repository, or of another folder with the same layout.</summary>
public static class GoldenFolder
{
    /// <summary>Environment variable that selects another folder.</summary>
    public const string Variable = "CTF_GOLDEN";

    public static string Root => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
        ? folder
        : Path.Combine(AppContext.BaseDirectory, "golden");

    public static string File(string name) => Path.Combine(Root, name);
}
