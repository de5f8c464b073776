using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Core.Tests.Architecture;

/// <summary>The code map of CONTRIBUTING.md: under a heading for each project, a table with one line a folder, from top to bottom.</summary>
internal static partial class CodeMap
{
    /// <summary>Folders of a project in the order of its table, "." for its root; empty if the project has no table.</summary>
    public static IReadOnlyList<string> FoldersOf(string project)
    {
        var lines = File.ReadLines(RepositoryFolder.File("CONTRIBUTING.md"))
            .SkipWhile(line => line.TrimEnd() != $"### {project}")
            .Skip(1)
            .TakeWhile(line => !line.StartsWith('#'));
        return [.. lines.Select(line => TableRow().Match(line)).Where(row => row.Success).Select(row => row.Groups["folder"].Value)];
    }

    [GeneratedRegex(@"^\| `(?<folder>[^`]+?)/?` \|")]
    private static partial Regex TableRow();
}
