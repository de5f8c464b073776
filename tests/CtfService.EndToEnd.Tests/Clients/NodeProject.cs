using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>A folder of these tests with packages from npm, and the programs that run there.</summary>
/// <param name="name">Of the folder.</param>
/// <param name="package">One that is there once the packages are installed.</param>
internal sealed class NodeProject(string name, string package)
{
    private static readonly string? Node = InstalledProgram.Find("node");

    private readonly string _relativeFolder = $"tests/CtfService.EndToEnd.Tests/{name}";

    public string Folder => RepositoryFolder.File(_relativeFolder);

    /// <summary>What this machine lacks and how to get it; null if nothing is missing.</summary>
    public string? Missing =>
        Node is null ? "There is no node on the search path. Install Node.js 20 or later."
        : !Directory.Exists(Path.Combine(Folder, "node_modules", package)) ? $"Packages are not installed. Run: npm ci --prefix {_relativeFolder}"
        : null;

    /// <param name="arguments">Of node: the script first.</param>
    public Task<ProgramRun> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        Assert.True(Missing is null, Missing);
        return ProgramRun.Of(Node!, arguments, Folder, environment);
    }
}
