using System.CommandLine;
using System.Text.RegularExpressions;
using CtfService.Cli.Shell;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests;

/// <summary>Checks that every command in the documents can be copied and run: it starts with <c>./ctf</c>, and the tool has its options.</summary>
public sealed partial class DocumentedCommandsTests
{
    private static readonly RootCommand Root = CommandLine.Create(Terminal.OfProcess());

    public static IEnumerable<object[]> Examples => Documents()
        .SelectMany(document => Blocks(document).Concat(Spans(document)).Distinct()
            .Select(example => new object[] { Path.GetRelativePath(RepositoryFolder.Root, document), example }));

    [Fact]
    public void Examples_AreFound() => Assert.True(Examples.Count() > 30);

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_Command_IsAccepted(string document, string example)
    {
        var words = Words(example);
        var errors = Root.Parse(words).Errors.Select(error => error.Message).Where(message => !IsPlaceholder(message, words));

        Assert.True(!errors.Any(), $"{document}: {example}: {string.Join(' ', errors)}");
    }

    [Fact]
    public void Documents_ShellExamples_StartTheToolWithTheScript() => Assert.All(Documents(), document =>
        Assert.DoesNotMatch(@"(?m)^\s*([A-Z_]+=\S+ )*ctf [a-z]|alias ctf=|dotnet run[^\n]*CtfService\.Cli", File.ReadAllText(document)));

    private static IEnumerable<string> Documents() => new[] { RepositoryFolder.File("README.md"), RepositoryFolder.File("models", "fruits-64", "README.md") }
        .Concat(Directory.GetFiles(RepositoryFolder.File("docs"), "*.md", SearchOption.AllDirectories)
            .Where(path => !path.Contains("adr", StringComparison.Ordinal)));

    /// <summary>Returns the lines of code blocks, without comments.</summary>
    private static IEnumerable<string> Blocks(string document) => BlockLine().Matches(File.ReadAllText(document).Replace("\\\n", " ", StringComparison.Ordinal))
        .Select(match => Comment().Replace(match.Groups[1].Value, "").Trim());

    /// <summary>Returns the code spans in sentences.</summary>
    private static IEnumerable<string> Spans(string document) => Span().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value);

    private static string[] Words(string example) => [.. Word().Matches(example).Select(match => match.Value.Trim('\'', '"')).Where(word => word != "&")];

    /// <summary>
    /// Checks a command in a sentence, which need not show all options; three dots stand for others. Those that it shows must exist.
    /// </summary>
    private static bool IsPlaceholder(string message, string[] words) => message.Contains("'...'", StringComparison.Ordinal)
        || ((words.Contains("...") || words.Length <= 4)
            && !message.StartsWith("Unrecognized", StringComparison.Ordinal)
            && !message.Contains("expected", StringComparison.Ordinal));

    [GeneratedRegex(@"^\s*(?:[A-Z_]+=\S+ )*\./ctf ([^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex BlockLine();

    [GeneratedRegex(@"`(?:[A-Z_]+=\S+ )*(?:\./)?ctf ([a-z][^`]*)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\s#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"'[^']*'|""[^""]*""|\S+")]
    private static partial Regex Word();
}
