namespace CtfService.TestSupport;

/// <summary>Finds programs that tests run and that may not be installed.</summary>
public static class InstalledProgram
{
    /// <summary>True in the full gate (.ci/run), where a missing program fails its tests instead of skipping them.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    /// <summary>Returns the path of the first of these programs on the search path, or null.</summary>
    public static string? Find(params IReadOnlyList<string> names) => (
        from name in names
        from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        from file in (string[])[name, $"{name}.exe"]
        let path = Path.Combine(folder, file)
        where File.Exists(path)
        select path).FirstOrDefault();
}
