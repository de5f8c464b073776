using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Linters;

/// <summary>Runs the scripts of this folder, which run linters from npm and print one finding per line.</summary>
internal static class Linter
{
    private const string RelativeFolder = "tests/CtfService.Deploy.Tests/Linters";

    private static readonly string? Node = InstalledProgram.Find("node");

    /// <summary>What is missing on this machine and how to install it; null if nothing is missing.</summary>
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

/// <summary>A fact that is skipped, with the reason, if node or the linters are missing outside the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinterFactAttribute : FactAttribute
{
    public LinterFactAttribute() => Skip = InstalledProgram.IsRequired ? null : Linter.Missing;
}
