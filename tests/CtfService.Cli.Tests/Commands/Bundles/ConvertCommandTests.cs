using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bundles;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Inspect_TrainingCheckpoint_ShowsStructureAndArchitecture()
    {
        var config = GoldenModels.WrappedConfig;

        var run = await CommandRun.Of("inspect", GoldenFolder.File("pt/wrap-train-ckpt.pt"), "--keys");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("args: argparse.Namespace of ", run.Output, StringComparison.Ordinal);
        Assert.Contains("class-conditional transformer", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            run.Output.Split('\n'),
            line => line.Contains("layers.0.attention.wqkv.weight ", StringComparison.Ordinal)
                && line.EndsWith($"Float32  [{3 * config.Width}, {config.Width}]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inspect_HostileFile_IsRejectedByName()
    {
        var run = await CommandRun.Of("inspect", GoldenFolder.File("pt/bad-os-system.pt"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the pickle names 'posix.system'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_ModelsThatDoNotMatch_SaysWhy()
    {
        var output = _folder.File("bundle");
        var (tokenizer, transformer) = GoldenModels.TokenizerNames
            .SelectMany(first => GoldenModels.TransformerNames.Select(second => (first, second)))
            .First(pair => GoldenModels.TokenizerConfigOf(pair.first).CodebookSize != GoldenModels.TransformerConfigOf(pair.second).InputVocabulary);
        var (tokens, config) = (GoldenModels.TokenizerConfigOf(tokenizer), GoldenModels.TransformerConfigOf(transformer));

        var mismatch = await CommandRun.Of(
            "convert", "--tokenizer", GoldenFolder.File($"{tokenizer}.pt"), "--transformer", GoldenFolder.File($"{transformer}.pt"), "--output", output,
            "--image-size", $"{4 * tokens.DownsampleFactor}", "--coarse-heads", $"{config.Heads}");

        Assert.Equal(1, mismatch.ExitCode);
        Assert.Contains(
            $"reads {config.InputVocabulary} labels and predicts {config.OutputVocabulary}; expected the tokenizer's {tokens.CodebookSize} codewords",
            mismatch.Error,
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
    }

    [Theory]
    [InlineData("--cluster-size", "0")]
    [InlineData("--cluster-size", "many")]
    public async Task Convert_WrongClusterSize_IsAUsageError(string option, string value)
    {
        var run = await CommandRun.Of("convert", "--tokenizer", "a", "--transformer", "b", "--output", "c", option, value);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_ClusterSizeWithoutAMap_NamesTheOptionItNeeds()
    {
        var run = await CommandRun.Of("convert", "--tokenizer", "a", "--transformer", "b", "--output", _folder.File("c"), "--cluster-size", "128");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("(--cluster-size) requires an order of the tokens as the cluster map (--cluster-map)", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_UnknownDevice_IsAUsageError()
    {
        var run = await CommandRun.Of("generate", "--device", "gpu");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--device is 'gpu', expected auto, cpu, cuda or cuda:N.", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
