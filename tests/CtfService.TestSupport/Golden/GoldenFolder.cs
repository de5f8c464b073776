namespace CtfService.TestSupport.Golden;

/// <summary>Finds the golden vectors: the folder named by CTF_GOLDEN, or else the copies of tests/golden beside the test assembly.</summary>
public static class GoldenFolder
{
    public const string Variable = "CTF_GOLDEN";

    public static string Root { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : Path.Combine(AppContext.BaseDirectory, "golden");

    /// <param name="name">Path relative to the folder, with forward slashes.</param>
    /// <exception cref="FileNotFoundException">The message names the folder that was searched.</exception>
    public static string Resolve(string name)
    {
        var path = Path.Combine(Root, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"No golden file '{name}' in {Root}; set {Variable} or restore tests/golden.", path);
    }
}
