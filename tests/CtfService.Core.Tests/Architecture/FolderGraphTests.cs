using CtfService.TestSupport;

namespace CtfService.Core.Tests.Architecture;

/// <summary>The folders of a project form layers: each uses only folders below it, in the order of the code map in CONTRIBUTING.md.</summary>
public sealed class FolderGraphTests
{
    private static readonly Dictionary<string, FolderGraph> Graphs =
        Directory.GetDirectories(RepositoryFolder.File("src")).ToDictionary(folder => Path.GetFileName(folder), FolderGraph.Of);

    public static TheoryData<string> Projects { get; } = [.. Graphs.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_OfAProject_FormNoCircle(string project)
    {
        var graph = Graphs[project];

        var circle = graph.Circles();

        Assert.True(circle.Count == 0, Report(graph.Arrows.Where(arrow => circle.Contains(arrow.From) && circle.Contains(arrow.To))));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_OfAProject_UseOnlyFoldersBelowThem(string project)
    {
        var map = CodeMap.FoldersOf(project).Index().ToDictionary(row => row.Item, row => row.Index);

        var upwards = Graphs[project].Arrows.Where(arrow => map.GetValueOrDefault(arrow.To) <= map.GetValueOrDefault(arrow.From));

        Assert.True(!upwards.Any(), Report(upwards));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_OfAProject_AreInTheCodeMapOnce(string project)
    {
        Assert.Equal(Graphs[project].Folders, CodeMap.FoldersOf(project).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_OfAProject_AreItsFolders(string project)
    {
        Assert.Empty(Graphs[project].Misplaced);
    }

    [Theory]
    [InlineData("using P.Low;\nnamespace P.High;\nclass A;", "High", "Low")]
    [InlineData("global using static P.Low.B;\nnamespace P.High;\nclass A;", "High", "Low")]
    [InlineData("using Alias = P.Low.B;\nnamespace P.High;\nclass A;", "High", "Low")]
    [InlineData("namespace P.High;\nclass A { Low.B? _b; }", "High", "Low")]
    [InlineData("namespace P.High;\nclass A { Root? _root; }", "High", ".")]
    [InlineData("namespace P.High;\n/// <see cref=\"Root\"/>\nclass A;", "High", ".")]
    public void Arrows_AFileNamesAnotherFolder_AreFound(string text, string from, string to)
    {
        var graph = Sample(text);

        Assert.Equal([new FolderArrow(from, to, "High/A.cs")], graph.Arrows);
    }

    [Theory]
    [InlineData("namespace P.High;\nclass A { string _text = \"Root Low.B\"; }")]
    [InlineData("namespace P.High;\nclass A; // Root, Low.B")]
    public void Arrows_AFileNamesOnlyItsFolder_AreEmpty(string text)
    {
        Assert.Empty(Sample(text).Arrows);
    }

    [Fact]
    public void Circles_TwoFoldersUseEachOther_AreReported()
    {
        var graph = new FolderGraph(
            "P",
            [
                ("A/X.cs", "using P.B;\nnamespace P.A;\nclass X;"),
                ("B/Y.cs", "using P.A;\nnamespace P.B;\nclass Y;"),
                ("C/Z.cs", "namespace P.C;\nclass Z;"),
            ]);

        Assert.Equal(["A", "B"], graph.Circles());
    }

    private static FolderGraph Sample(string text) =>
        new("P", [("High/A.cs", text), ("Low/B.cs", "namespace P.Low;\nclass B;"), ("Root.cs", "namespace P;\nclass Root;")]);

    private static string Report(IEnumerable<FolderArrow> arrows) =>
        string.Join(Environment.NewLine, arrows.Select(arrow => $"{arrow.From} -> {arrow.To}: {arrow.File}"));
}
