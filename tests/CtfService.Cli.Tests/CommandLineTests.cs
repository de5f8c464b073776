using CtfService.Cli.Shell;

namespace CtfService.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Run_Help_ListsTheCommands()
    {
        var run = await CommandRun.Of("--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("train-classifier", run.Output, StringComparison.Ordinal);
        Assert.Contains("classify", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Help_GroupsTheCommandsByPurpose()
    {
        var lines = (await CommandRun.Of("--help")).Output.Split(Environment.NewLine);

        Assert.Equal(
            ["Usage:", "Train a model:", "Make and inspect bundles:", "Generate images:", "Evaluate images:", "Measure speed:", "Operate the service:"],
            lines.Where(line => line.EndsWith(':')));
        Assert.Equal(CommandLine.Create(Terminal.OfProcess()).Subcommands.Count, lines.Count(line => line.StartsWith("  ", StringComparison.Ordinal)) - 1);
    }

    [Theory]
    [InlineData("paint")]
    [InlineData("train-classifier")]
    [InlineData("train-classifier", "--data", "x", "--steps", "many")]
    [InlineData("train-classifier", "--data", "x", "--steps", "0")]
    [InlineData("classify")]
    [InlineData("classify", "--data", "x", "--images", "y")]
    public async Task Run_WrongUsage_ExitsWithTwoAndPointsToHelp(params string[] args)
    {
        var run = await CommandRun.Of(args);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Run_ValueBelowMinimum_NamesValueAndRange()
    {
        var run = await CommandRun.Of("train-classifier", "--data", "x", "--image-size", "4");

        Assert.Contains("--image-size is '4', expected a whole number, 16 to 16384", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--adversarial-weight is '-1', expected a number, 0 to 1000", "refine-decoder", "--data", "x", "--adversarial-weight", "-1")]
    [InlineData("--perceptual-weight is 'NaN', expected a number", "refine-decoder", "--data", "x", "--classifier", "y", "--perceptual-weight", "NaN")]
    [InlineData("name its file with --classifier", "refine-decoder", "--data", "x", "--perceptual-weight", "0.1")]
    [InlineData("--share is '1.5', expected a number, 0 to 1", "blend-decoders", "--first", "x", "--second", "y", "--output", "z", "--share", "1.5")]
    [InlineData("--share is 'NaN', expected a number, 0 to 1", "blend-decoders", "--first", "x", "--second", "y", "--output", "z", "--share", "NaN")]
    [InlineData("--share is 'half', expected a number, 0 to 1", "blend-decoders", "--first", "x", "--second", "y", "--output", "z", "--share", "half")]
    public async Task Run_WrongWeight_SaysWhatIsExpected(string message, params string[] args)
    {
        var run = await CommandRun.Of(args);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MissingDataSet_ExitsWithOneAndOneLine()
    {
        var run = await CommandRun.Of("train-classifier", "--data", "/nowhere/fruits");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("/nowhere/fruits", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MissingClassifier_ExitsWithOne()
    {
        var run = await CommandRun.Of("classify", "--images", "/nowhere", "--classifier", "/nowhere/classifier.safetensors");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("ctf: /nowhere/classifier.safetensors", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_EveryOption_HasADescription()
    {
        var root = CommandLine.Create(Terminal.OfProcess());

        Assert.All(root.Subcommands, command => Assert.False(string.IsNullOrEmpty(command.Description)));
        Assert.All(root.Subcommands.SelectMany(command => command.Options), option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
    }
}
