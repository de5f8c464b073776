using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Core.Tests.Architecture;

/// <summary>Documents refer to files, folders and headings that exist.</summary>
public sealed partial class DocumentLinkTests
{
    private static readonly IReadOnlyList<string> Documents =
    [
        .. Directory.EnumerateFiles(RepositoryFolder.Root, "*.md"),
        .. new[] { "docs", "models", ".github" }
            .SelectMany(folder => Directory.EnumerateFiles(RepositoryFolder.File(folder), "*.md", SearchOption.AllDirectories)),
    ];

    [Fact]
    public void Links_OfAllDocuments_LeadToFilesAndHeadings()
    {
        var links = Documents.SelectMany(document => Link().Matches(Prose(document)).Select(link => (document, target: link.Groups["target"].Value)))
            .Where(link => !link.target.Contains("://", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.True(IsThere(link.document, link.target), $"{Name(link.document)}: {link.target} does not exist."));
    }

    [Fact]
    public void Paths_NamedInContributing_Exist()
    {
        var paths = RepositoryPath().Matches(File.ReadAllText(RepositoryFolder.File("CONTRIBUTING.md"))).Select(path => path.Groups["path"].Value).ToList();

        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.True(Path.Exists(RepositoryFolder.File(path)), $"CONTRIBUTING.md: {path} does not exist."));
    }

    private static bool IsThere(string document, string target)
    {
        var (path, heading) = target.Split('#') is [var file, var anchor] ? (file, anchor) : (target, null);
        var full = path.Length == 0 ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, path));
        return Path.Exists(full) && (heading is null || Heading().Matches(Prose(full)).Any(line => Anchor(line.Groups["text"].Value) == heading));
    }

    /// <summary>The anchor that GitHub gives a heading.</summary>
    private static string Anchor(string heading) => NotInAnchors().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    /// <summary>The text without its code blocks.</summary>
    private static string Prose(string document) => CodeBlock().Replace(File.ReadAllText(document), "");

    private static string Name(string document) => Path.GetRelativePath(RepositoryFolder.Root, document);

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    /// <summary>A path from the root in backticks; names with a placeholder stand for new files.</summary>
    [GeneratedRegex(@"`(?<path>(?:src|tests|bench|deploy|docs|eng|models|\.ci)/[\w./-]*)`")]
    private static partial Regex RepositoryPath();
}
