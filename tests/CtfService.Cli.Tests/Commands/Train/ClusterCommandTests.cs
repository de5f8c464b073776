namespace CtfService.Cli.Tests.Commands.Train;

public sealed class ClusterCommandTests
{
    [Theory]
    [InlineData("--clusters is 'many', expected a whole number, 1 to 16777216. Or write 'auto' or 'all'.", "--clusters", "many")]
    [InlineData("--clusters auto needs images: name them with --data.", "--clusters", "auto")]
    [InlineData("--data needs --clusters auto.", "--clusters", "8", "--data", "images.tar")]
    [InlineData("--random needs a number of clusters.", "--clusters", "all", "--random")]
    public async Task Cluster_OptionsThatDoNotFit_AreUsageErrors(string message, params string[] options)
    {
        var run = await CommandRun.Of(["cluster", .. options]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Swap_WithoutImages_IsAUsageError()
    {
        var run = await CommandRun.Of("swap");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Option '--data' is required.", run.Error, StringComparison.Ordinal);
    }
}
