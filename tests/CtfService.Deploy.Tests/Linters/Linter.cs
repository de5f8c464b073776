using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Linters;

/// <summary>The scripts of this folder, which run linters from npm and print what they find, one line each.</summary>
internal static class Linter
{
    private const string RelativeFolder = "tests/CtfService.Deploy.Tests/Linters";

    private static readonly string? Node = InstalledProgram.Find("node");

    /// <summary>What this machine lacks and how to get it; null where nothing is missing.</summary>
    public static string? Missing { get; } =
        Node is null ? "There is no node on the search path. Install Node.js 20 or later."
        : !Directory.Exists(RepositoryFolder.File(RelativeFolder, "node_modules")) ? $"The linters are not installed. Run: npm ci --prefix {RelativeFolder}"
        : null;

    public static async Task<string> Findings(string script, string input)
    {
        Assert.True(Missing is null, Missing);
        var run = await ProgramRun.Of(Node!, [script], RepositoryFolder.File(RelativeFolder), input: input);
        Assert.True(run.ExitCode == 0, $"{script}: {run}");
        return run.Output.Trim();
    }
}

/// <summary>Skipped, with the reason, where node or the linters are missing and the gate does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinterFactAttribute : FactAttribute
{
    public LinterFactAttribute() => Skip = InstalledProgram.MustBeThere ? null : Linter.Missing;
}
