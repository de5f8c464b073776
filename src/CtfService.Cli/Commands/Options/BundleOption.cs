using System.CommandLine;
using CtfService.Model.Bundles;

namespace CtfService.Cli.Commands.Options;

/// <summary>
/// The bundle that a command reads. A relative folder is searched for as in the service: in the current folder, then next to and above the program.
/// </summary>
internal sealed class BundleOption
{
    /// <summary>The model in the repository.</summary>
    public static readonly string Default = Path.Combine("models", "fruits-64");

    private readonly Option<string> _option;

    public BundleOption(string description) => _option = CommandOption.WithDefault("--bundle", description, Default);

    /// <summary>The option, to add to a command.</summary>
    public Option Option => _option;

    /// <summary>Returns the folder of the bundle; if none is found, the folder as the user named it, so that messages show that name.</summary>
    public string Folder(ParseResult arguments) => Find(arguments.GetRequiredValue(_option));

    /// <inheritdoc cref="Folder"/>
    public static string Find(string named) =>
        Find(named, SearchRoots.Of(Environment.CurrentDirectory, Environment.CurrentDirectory, AppContext.BaseDirectory));

    /// <inheritdoc cref="Folder"/>
    internal static string Find(string named, SearchRoots roots) => Directory.Exists(named)
        ? named
        : roots.Candidates(named).FirstOrDefault(folder => File.Exists(Path.Combine(folder, BundleFiles.Manifest))) ?? named;
}
