using System.Text.RegularExpressions;

namespace CtfService.Core.Tests.Architecture;

/// <summary>A reference from a file of one folder to another folder of its project. Folders are relative to the project; "." is its root.</summary>
internal sealed record FolderArrow(string From, string To, string File);

/// <summary>
/// The folders of a project and the references between them, read from the namespaces and usings of its sources.
/// A folder and the folders inside it are separate nodes. References in doc comments count, because readers follow them, too.
/// </summary>
internal sealed partial class FolderGraph
{
    private readonly string _project;
    private readonly IReadOnlyList<SourceFile> _files;
    private readonly ILookup<string, string> _typesByFolder;

    /// <param name="project">Name of the project, which is the namespace of its root.</param>
    /// <param name="sources">Path of each C# file relative to the project, with '/', and its text.</param>
    public FolderGraph(string project, IEnumerable<(string Path, string Text)> sources)
    {
        _project = project;
        _files = [.. sources.Select(source => new SourceFile(source.Path, WithoutLiterals(source.Text)))];
        Folders = [.. _files.Select(file => file.Folder).Distinct().Order(StringComparer.Ordinal)];
        _typesByFolder = _files
            .SelectMany(file => TypeDeclaration().Matches(file.Text).Select(match => (file.Folder, Type: match.Groups["name"].Value)))
            .Distinct()
            .ToLookup(declared => declared.Folder, declared => declared.Type);
        Arrows = [.. _files.SelectMany(ArrowsFrom).Distinct()];
    }

    public IReadOnlyList<string> Folders { get; }

    public IReadOnlyList<FolderArrow> Arrows { get; }

    /// <summary>Files whose namespace is not that of their folder.</summary>
    public IEnumerable<string> Misplaced => _files
        .Where(file => Namespace().Match(file.Text) is { Success: true } found && found.Groups["name"].Value != NamespaceOf(file.Folder))
        .Select(file => file.Path);

    public static FolderGraph Of(string projectFolder) => new(
        Path.GetFileName(projectFolder),
        Directory.EnumerateFiles(projectFolder, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path.GetRelativePath(projectFolder, path).Replace('\\', '/'), File.ReadAllText(path))));

    /// <summary>The folders of all circles, and those on a path from one circle to another; empty if there is no circle.</summary>
    public IReadOnlyList<string> Circles()
    {
        var left = Folders.ToHashSet();
        bool Leads(string folder) => Arrows.Any(arrow => arrow.From == folder && left.Contains(arrow.To));
        bool IsReached(string folder) => Arrows.Any(arrow => arrow.To == folder && left.Contains(arrow.From));
        while (left.RemoveWhere(folder => !Leads(folder) || !IsReached(folder)) > 0)
        {
        }

        return [.. left.Order(StringComparer.Ordinal)];
    }

    private IEnumerable<FolderArrow> ArrowsFrom(SourceFile file)
    {
        var used = UsedByDirective(file).Concat(UsedByEnclosingNamespace(file)).Concat(UsedByQualifiedName(file));
        return used.Where(folder => folder != file.Folder).Distinct().Select(folder => new FolderArrow(file.Folder, folder, file.Path));
    }

    /// <summary>Plain, static and alias usings; the last two name a type of the folder.</summary>
    private IEnumerable<string> UsedByDirective(SourceFile file) =>
        from directive in UsingDirective().Matches(file.Text)
        let name = directive.Groups["name"].Value
        let around = Folders.Where(folder => $"{name}.".StartsWith($"{NamespaceOf(folder)}.", StringComparison.Ordinal))
        let folder = around.MaxBy(folder => NamespaceOf(folder).Length)
        where folder is not null
        select folder;

    /// <summary>Finds types of the enclosing folders, which need no using.</summary>
    private IEnumerable<string> UsedByEnclosingNamespace(SourceFile file)
    {
        var own = new HashSet<string>(_typesByFolder[file.Folder]);
        foreach (var folder in Enclosing(file.Folder))
        {
            if (_typesByFolder[folder].Any(type => !own.Contains(type) && Regex.IsMatch(file.Body, $@"(?<![\w.]){type}\b")))
            {
                yield return folder;
            }

            own.UnionWith(_typesByFolder[folder]);
        }
    }

    /// <summary>A type after the last part of its namespace, such as <c>Bench.Medians</c>.</summary>
    private IEnumerable<string> UsedByQualifiedName(SourceFile file) => Folders.Where(folder =>
        folder != "." && folder != file.Folder
        && _typesByFolder[folder].Any(type => Regex.IsMatch(file.Body, $@"(?<!\w){Path.GetFileName(folder)}\.{type}\b")));

    private string NamespaceOf(string folder) => folder == "." ? _project : $"{_project}.{folder.Replace('/', '.')}";

    /// <summary>Returns the enclosing folders, the innermost first.</summary>
    private static IEnumerable<string> Enclosing(string folder)
    {
        while (folder != ".")
        {
            var end = folder.LastIndexOf('/');
            folder = end < 0 ? "." : folder[..end];
            yield return folder;
        }
    }

    private static string WithoutLiterals(string text) => LineComment().Replace(StringLiteral().Replace(text, "\"\""), "");

    [GeneratedRegex(@"^(?:global )?using (?:static )?(?:\w+ = )?(?<name>[\w.]+)[^;(]*;", RegexOptions.Multiline)]
    private static partial Regex UsingDirective();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    /// <summary>Matches types at the start of a line; nested types are named through the enclosing type.</summary>
    [GeneratedRegex(
        @"^(?:(?:public|internal|file|sealed|abstract|static|partial|readonly|ref|unsafe) )*"
        + @"(?:class|struct|interface|enum|record(?: struct| class)?|delegate [\w<>\[\],? ]+?) (?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"(?<!cref=)""(?:\\.|[^""\\\n])*""")]
    private static partial Regex StringLiteral();

    [GeneratedRegex(@"(?<!/)//(?!/).*$", RegexOptions.Multiline)]
    private static partial Regex LineComment();

    private sealed record SourceFile(string Path, string Text)
    {
        public string Folder { get; } = Path.LastIndexOf('/') is >= 0 and var end ? Path[..end] : ".";

        /// <summary>Returns the text without usings and namespace.</summary>
        public string Body { get; } = Namespace().Replace(UsingDirective().Replace(Text, ""), "");
    }
}
