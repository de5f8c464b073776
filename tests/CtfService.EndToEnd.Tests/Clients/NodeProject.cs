using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>A folder of this project with npm packages, and the programs that run there.</summary>
/// <param name="name">Name of the folder.</param>
/// <param name="package">A package whose folder exists once npm ci has run.</param>
internal sealed class NodeProject(string name, string package)
{
    private static readonly string? Node = InstalledProgram.Find("node");

    private readonly string _relativeFolder = $"tests/CtfService.EndToEnd.Tests/{name}";

    public string Folder => RepositoryFolder.File(_relativeFolder);

    /// <summary>What is missing on this machine and how to install it; null if nothing is missing.</summary>
    public string? Missing =>
        Node is null ? "node is not on the search path. Install Node.js 20 or later."
        : !Directory.Exists(Path.Combine(Folder, "node_modules", package)) ? $"Packages are not installed. Run: npm ci --prefix {_relativeFolder}"
        : null;

    /// <param name="arguments">Arguments of node, the script first.</param>
    public Task<ProgramRun> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        Assert.True(Missing is null, Missing);
        return ProgramRun.Of(Node!, arguments, Folder, environment);
    }
}
