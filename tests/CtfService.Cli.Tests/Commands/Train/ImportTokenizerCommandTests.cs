using System.Text.Json;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>A published tokenizer in a run: every later command works on it.</summary>
public sealed class ImportTokenizerCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => _folder.File("run");

    [Fact]
    public async Task Import_ThenEveryCommand_GivesABundleThatIsEvaluated()
    {
        var data = _folder.File("shapes");
        await Succeed("draw-shapes", "--output", data, "--images", "6", "--image-size", "16");

        var import = await Succeed("import-tokenizer", GoldenFolder.File("vq-tiny.pt"), "--run", Run, "--image-size", "16");
        await Succeed("cluster", "--run", Run, "--clusters", "8");
        string[] stage = ["--data", data, "--run", Run, "--width", "16", "--layers", "1", "--heads", "2", "--steps", "2", "--batch", "2"];
        await Succeed(["train-coarse", .. stage]);
        await Succeed(["train-fine", .. stage]);
        await Succeed("bundle", "--run", Run, "--output", _folder.File("bundle"));
        await Succeed("train-classifier", "--data", data, "--image-size", "16", "--output", _folder.File("classifier.safetensors"), "--steps", "2");
        await Succeed(
            "evaluate", "--bundle", _folder.File("bundle"), "--data", data, "--classifier", _folder.File("classifier.safetensors"),
            "--per-class", "4", "--cache", _folder.File("features"), "--output", _folder.File("evaluation"));

        var report = JsonDocument.Parse(import.Output).RootElement;
        Assert.Equal(GoldenModels.TokenizerConfigOf("vq-tiny").CodebookSize, report.GetProperty("codebook_size").GetInt32());
        Assert.Equal(8, report.GetProperty("grid").GetInt32());
    }

    [Fact]
    public async Task Import_RunHoldsATokenizer_NamesTheWaysOut()
    {
        await Succeed("import-tokenizer", GoldenFolder.File("vq-tiny.pt"), "--run", Run);

        var message = await Rejected("import-tokenizer", GoldenFolder.File("vq-tiny.pt"), "--run", Run);

        Assert.All(["holds a finished tokenizer.safetensors", "--overwrite", "--run"], part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Import_NoSuchFile_IsNamed() =>
        Assert.Contains("no-such.pt", await Rejected("import-tokenizer", _folder.File("no-such.pt"), "--run", Run), StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();
}
