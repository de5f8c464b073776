using System.CommandLine;
using CtfService.Cli.Shell;

namespace CtfService.Cli.Tests.Commands.Options;

/// <summary>Checks that options for words of a set show the words in the help and complete them.</summary>
public sealed class ChoiceOptionTests
{
    private static readonly RootCommand Root = CommandLine.Create(Terminal.OfProcess());

    [Theory]
    [InlineData("bench decode", "--backend", "simd|torch|both")]
    [InlineData("bench decode", "--preset", "tiny|B|L|XL")]
    [InlineData("bench decode", "--dtype", "float32|bfloat16|int8")]
    [InlineData("bench serving", "--preset", "tiny|B|L|XL")]
    [InlineData("bench vq-decode", "--preset", "VQ-16|VQ-8")]
    [InlineData("convert", "--dtype", "stored|float32|bfloat16|float16")]
    [InlineData("generate", "--format", "png|jpeg|webp")]
    public async Task Option_WordsOfASet_AreCompletedAndInTheHelp(string command, string option, string words)
    {
        var line = $"{command} {option} ";

        Assert.Equal(words.Split('|').Order(), Root.Parse(line).GetCompletions(line.Length).Select(completion => completion.Label).Order());
        Assert.Contains($"{option} <{words}>", (await CommandRun.Of([.. command.Split(' '), "--help"])).Output, StringComparison.Ordinal);
    }
}
