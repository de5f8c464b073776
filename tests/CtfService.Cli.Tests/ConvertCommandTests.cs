using CtfService.TestSupport;

namespace CtfService.Cli.Tests;

public sealed class ConvertCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Inspect_TrainingCheckpoint_ShowsStructureAndArchitecture()
    {
        var run = await CommandRun.Of("inspect", GoldenFolder.File("pt/wrap-train-ckpt.pt"), "--keys");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("args: argparse.Namespace of 7 attributes", run.Output, StringComparison.Ordinal);
        Assert.Contains("class-conditional transformer", run.Output, StringComparison.Ordinal);
        Assert.Contains(run.Output.Split('\n'), line => line.Contains("layers.0.attention.wqkv.weight ", StringComparison.Ordinal) && line.EndsWith("Float32  [24, 8]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Inspect_HostileFile_IsRefusedByName()
    {
        var run = await CommandRun.Of("inspect", GoldenFolder.File("pt/bad-os-system.pt"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("the pickle names 'posix.system'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_ModelsThatDoNotBelongTogether_SaysWhy()
    {
        var output = _folder.File("bundle");

        var misfit = await CommandRun.Of(
            "convert", "--tokenizer", GoldenFolder.File("vq-tiny.pt"), "--transformer", GoldenFolder.File("gpt-tiny.pt"), "--output", output, "--image-size", "8", "--coarse-heads", "4");

        Assert.Equal(1, misfit.ExitCode);
        Assert.Contains("reads 128 labels and predicts 128, expected the tokenizer's 64 codewords", misfit.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
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
