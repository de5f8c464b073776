namespace CtfService.Cli.Tests.Commands.Bench;

public sealed class VqDecodeBenchCommandTests
{
    [Fact]
    public async Task VqDecode_PublishedTokenizerOnASmallGrid_ComparesBothDecoders()
    {
        var run = await CommandRun.Of("bench", "vq-decode", "--preset", "VQ-8", "--side", "1", "--batch", "1", "2", "--runs", "1", "--threads", "1");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("VQ decode to 8 pixels a side, 1 threads", run.Output, StringComparison.Ordinal);
        Assert.Equal(
            2, run.Output.Split('\n').Count(line => line.StartsWith("│ 1 ", StringComparison.Ordinal) || line.StartsWith("│ 2 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task VqDecode_UnknownPreset_IsRejectedByName()
    {
        var run = await CommandRun.Of("bench", "vq-decode", "--preset", "VQ-4");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("VQ-4", run.Error, StringComparison.Ordinal);
    }
}
