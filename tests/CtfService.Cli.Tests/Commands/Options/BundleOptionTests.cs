using CtfService.Cli.Commands.Options;
using CtfService.Model.Bundles;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Options;

public sealed class BundleOptionTests
{
    [Fact]
    public void Find_DefaultFromAnyFolder_IsTheModelOfTheRepository() =>
        Assert.Equal(
            RepositoryFolder.File("models", "fruits-64"),
            BundleOption.Find(BundleOption.Default, SearchRoots.Of(Path.GetTempPath(), Path.GetTempPath(), AppContext.BaseDirectory)));

    [Fact]
    public void Find_NoBundleAnywhere_ReturnsTheNamedFolder() =>
        Assert.Equal("models/none", BundleOption.Find("models/none", SearchRoots.Of(Path.GetTempPath(), Path.GetTempPath(), AppContext.BaseDirectory)));

    [Theory]
    [InlineData("blend-decoders", "--first", "x", "--second", "y", "--output")]
    [InlineData("train-classifier", "--data", "/nowhere", "--output")]
    [InlineData("draw-shapes", "--output")]
    [InlineData("experiment", "--file", "x", "--data", "x", "--output")]
    [InlineData("experiment", "--file", "x", "--data", "x", "--output", "OK", "--report")]
    [InlineData("evaluate", "--data", "DATA", "--output")]
    [InlineData("evaluate", "--data", "DATA", "--output", "OK", "--cache")]
    [InlineData("swap", "--data", "x", "--picture")]
    [InlineData("generate", "--sheet")]
    [InlineData("bundle", "--output")]
    [InlineData("convert", "--tokenizer", "x", "--transformer", "x", "--output")]
    public async Task Command_OutputNotWritable_IsRejectedFirst(params string[] command)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("file"), "");
        string[] words = [.. command.Select(word => word switch { "OK" => folder.File("ok"), "DATA" => folder.Root, _ => word })];
        string[] rest = command[0] == "generate" ? ["--output", folder.File("ok")] : [];

        var run = await CommandRun.Of([.. words, folder.File("file/below.png"), .. rest]);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"ctf: {command[^1]} is '", run.Error, StringComparison.Ordinal);
        Assert.Contains("ctf cannot write there", run.Error, StringComparison.Ordinal);
    }
}
