namespace CtfService.TestSupport;

/// <summary>Numbers of the real reference: the fixtures of the repository, or another folder of the same layout.</summary>
public static class GoldenFolder
{
    /// <summary>Environment variable that names another folder.</summary>
    public const string Variable = "CTF_GOLDEN";

    public static string Root => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
        ? folder
        : Path.Combine(AppContext.BaseDirectory, "golden");

    public static string File(string name) => Path.Combine(Root, name);
}
