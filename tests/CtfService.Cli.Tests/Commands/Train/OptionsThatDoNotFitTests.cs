using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Parts;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>Options that do not describe a valid model are usage errors without a stack trace, reported before any data is read.</summary>
public sealed class OptionsThatDoNotFitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(
        "--image-size is 30, expected a multiple of 8, the number of pixels along a side that become one token, such as 24 or 32.",
        "--image-size", "30")]
    [InlineData("--image-size is 100, expected a multiple of 8", "--image-size", "100")]
    [InlineData("--image-size is 64, expected a multiple of 12", "--patch-size", "3")]
    [InlineData("--image-size is 64, expected a multiple of 128", "--multipliers", "1", "1", "1", "1", "1", "1", "1")]
    [InlineData("--base-width is 20, expected a multiple of 32, the number of norm groups, such as 32.", "--base-width", "20")]
    [InlineData("--base-width is 80, expected a multiple of 32, the number of norm groups, such as 64 or 96.", "--base-width", "80")]
    [InlineData(
        "--multipliers has 17 levels, expected 1 to 16",
        "--multipliers", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1", "1")]
    [InlineData("--max-shift is 64, expected less than the 64 pixels of --image-size", "--max-shift", "64")]
    public Task TrainTokenizer_InvalidArchitecture_NamesValidValues(string message, params string[] options) =>
        IsUsageError(message, ["train-tokenizer", "--data", "/nowhere", .. options]);

    [Theory]
    [InlineData("train-coarse", "--width is 30 and --heads is 8, expected a width that is a multiple of 4 times the heads, such as 32.", "--width", "30")]
    [InlineData("train-fine", "--width is 256 and --heads is 3, expected a width that is a multiple of 4 times the heads, such as 252 or 264.", "--heads", "3")]
    public Task TrainStage_InvalidSize_NamesValidValues(string command, string message, params string[] options) =>
        IsUsageError(message, [command, "--data", "/nowhere", "--run", "/nowhere", .. options]);

    [Theory]
    [InlineData("--clusters is 100, expected at most 64, the number of codewords of the tokenizer.", "cluster", "--clusters", "100")]
    [InlineData("--clusters is 65, expected at most 64, the number of codewords of the tokenizer.", "cluster", "--clusters", "65", "--random")]
    [InlineData("--clusters is 100, expected at most 64", "swap", "--data", "/nowhere", "--clusters", "8", "100")]
    [InlineData("--image-size is 33, expected a multiple of 2", "swap", "--data", "/nowhere", "--image-size", "33")]
    [InlineData("--image-size is 33, expected a multiple of 2", "cluster", "--clusters", "auto", "--data", "/nowhere", "--image-size", "33")]
    [InlineData("--image-size is 33, expected a multiple of 2", "train-coarse", "--data", "/nowhere", "--image-size", "33")]
    [InlineData("--image-size is 33, expected a multiple of 2", "refine-decoder", "--data", "/nowhere", "--image-size", "33")]
    public Task Command_ValuesThatTheTokenizerDoesNotSupport_NamesSupportedValues(string message, params string[] command) =>
        IsUsageError(message, [.. command, "--run", Run()]);

    [Fact]
    public Task BenchMethod_MoreClustersThanCodewords_IsAUsageError() =>
        IsUsageError("--clusters is 65, expected at most 64", ["bench", "method", "--codewords", "64", "--clusters", "65"]);

    [Fact]
    public async Task UsageError_OfASubcommand_NamesTheWholeCommand()
    {
        var run = await CommandRun.Of("bench", "images", "--batch", "0");

        Assert.Contains("Run 'ctf bench images --help' for the options.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Experiment_MoreClustersThanCodewords_IsRejectedBeforeAnythingIsRead()
    {
        File.WriteAllText(_folder.File("plan.json"), """
            { "name": "x", "tokenizer": { "codebook_size": 1024 }, "models": [{ "name": "a", "clusters": 5000 }], "swaps": { "clusters": [2000] } }
            """);

        var run = await CommandRun.Of("experiment", "--file", _folder.File("plan.json"), "--data", "/nowhere");
        var given = await CommandRun.Of(
            "experiment", "--file", _folder.File("plan.json"), "--data", "/nowhere",
            "--tokenizer", Path.Combine(Run(), "tokenizer", "tokenizer.safetensors"));

        Assert.Equal((1, 1), (run.ExitCode, given.ExitCode));
        Assert.Contains("clusters of model 'a' is 5000, expected 1 to 1024: the tokenizer has 1024 codewords", run.Error, StringComparison.Ordinal);
        Assert.Contains("swaps.clusters is 2000", run.Error, StringComparison.Ordinal);
        Assert.Contains("clusters of model 'a' is 5000, expected 1 to 64", given.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task IsUsageError(string message, string[] command)
    {
        var run = await CommandRun.Of(command);

        Assert.True(run.ExitCode == 2, run.Error);
        Assert.Contains($"ctf: {message}", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Makes a run folder with a tokenizer of 64 codewords and 2 x 2 pixels per token.</summary>
    private string Run()
    {
        var config = new TokenizerConfig
        {
            BaseWidth = 32,
            EncoderMultipliers = [1, 1],
            DecoderMultipliers = [1, 1],
            ResidualBlocks = 1,
            LatentWidth = 32,
            CodebookSize = 64,
        };
        using var tokenizer = new VqTokenizer(config);
        Directory.CreateDirectory(_folder.File("run/tokenizer"));
        ModelFile.Save(_folder.File("run/tokenizer/tokenizer.safetensors"), tokenizer, config);
        return _folder.File("run");
    }
}
