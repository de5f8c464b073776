using System.CommandLine;
using CtfService.Model.Bundles;

namespace CtfService.Cli.Commands.Options;

/// <summary>
/// Which bundle a command reads. A relative folder is looked for as the service does: in the current folder, then beside and above the program.
/// </summary>
internal sealed class BundleOption
{
    /// <summary>The model of the repository.</summary>
    public static readonly string Default = Path.Combine("models", "fruits-64");

    private readonly Option<string> _option;

    public BundleOption(string description) => _option = CommandOption.WithDefault("--bundle", description, Default);

    /// <summary>To add to a command.</summary>
    public Option Option => _option;

    /// <summary>The folder; what was named if there is no bundle in any place, so that messages say it.</summary>
    public string Folder(ParseResult arguments) => Find(arguments.GetRequiredValue(_option));

    /// <inheritdoc cref="Folder"/>
    public static string Find(string named) =>
        Find(named, SearchRoots.Of(Environment.CurrentDirectory, Environment.CurrentDirectory, AppContext.BaseDirectory));

    /// <inheritdoc cref="Folder"/>
    internal static string Find(string named, SearchRoots roots) => Directory.Exists(named)
        ? named
        : roots.Candidates(named).FirstOrDefault(folder => File.Exists(Path.Combine(folder, BundleFiles.Manifest))) ?? named;
}
