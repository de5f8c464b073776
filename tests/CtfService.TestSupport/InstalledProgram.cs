namespace CtfService.TestSupport;

/// <summary>Programs that a test runs and that not every machine has.</summary>
public static class InstalledProgram
{
    /// <summary>Where the whole gate runs (.ci/run), nothing may be missing: tests run and fail there instead of being skipped.</summary>
    public static bool MustBeThere => Environment.GetEnvironmentVariable("CI") is { Length: > 0 };

    /// <summary>The first of these that the search path has; null for none.</summary>
    public static string? Find(params IReadOnlyList<string> names) => (
        from name in names
        from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        from file in (string[])[name, $"{name}.exe"]
        let path = Path.Combine(folder, file)
        where File.Exists(path)
        select path).FirstOrDefault();
}
