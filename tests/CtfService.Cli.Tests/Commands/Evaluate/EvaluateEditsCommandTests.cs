using System.Text.Json;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Evaluate;

public sealed class EvaluateEditsCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Classifier => _folder.File("classifier.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EvaluateEdits_Bundle_PrintsATableAndWritesReportAndSheet()
    {
        using var bundle = new TinyBundle();
        await TinyRealImages.WriteAsync(_folder.File("data"), Classifier);

        var run = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "4", "--top-k", "3", "--device", "cpu");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var rows = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[2..];
        string[] methods =
        [
            "original", "reconstruction", "reconstruction under the mask",
            "naive paste", "edit", "edit, 4 candidates", "edit, 16 candidates", "edit, mirrored",
        ];
        Assert.Equal(
            new[] { "centre (25%)", "left half (50%)", "border (44%)" }.SelectMany(mask => methods.Select(method => $"| {mask} | {method} |")),
            rows.Select(row => string.Join('|', row.Split('|')[..3]) + "|"));
        Assert.All(rows.Where(row => row.Contains("| original |", StringComparison.Ordinal)), row => Assert.EndsWith("| 0.000 | 1.00 | 1.00 |", row));
        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("out/report.json")));
        Assert.Equal(20, report.RootElement.GetProperty("images").GetInt32());
        Assert.Equal(3, report.RootElement.GetProperty("model").GetProperty("coarse").GetProperty("top_k").GetInt32());
        Assert.Equal(24, report.RootElement.GetProperty("masks").EnumerateArray().Sum(mask => mask.GetProperty("rows").GetArrayLength()));
        Assert.Equal(0, report.RootElement.GetProperty("missing").GetArrayLength());
        Assert.Equal((12 * 18) - 2, ImageCodec.Decode(File.ReadAllBytes(_folder.File("out/sheet.png"))).Width);
    }

    [Fact]
    public async Task EvaluateEdits_SecondTime_ReportsTheSame()
    {
        using var bundle = new TinyBundle();
        await TinyRealImages.WriteAsync(_folder.File("data"), Classifier);

        var first = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "100", "--device", "cpu");
        var second = await EvaluateAsync("--bundle", bundle.Directory, "--per-class", "100", "--device", "cpu");

        Assert.Equal(first.Output, second.Output);
        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("out/report.json")));
        Assert.Equal(TinyRealImages.TestImagesPerClass * TinyBundle.Classes, report.RootElement.GetProperty("images").GetInt32()); // there are no more
    }

    [Fact]
    public async Task EvaluateEdits_DataWithoutTestImages_IsRejectedBeforeAnythingIsDrawn()
    {
        using var bundle = new TinyBundle();
        await TinyRealImages.WriteAsync(_folder.File("data"), Classifier);

        var run = await CommandRun.Of(
            "evaluate-edits", "--data", _folder.File("data/train"), "--classifier", Classifier, "--bundle", bundle.Directory,
            "--output", _folder.File("out"), "--cache", _folder.File("cache"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("which does not have training and test images with classes", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("naive paste", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EvaluateEdits_MissingFiles_AreReportedFirst()
    {
        var data = await CommandRun.Of("evaluate-edits", "--data", "nope");
        await TinyRealImages.WriteAsync(_folder.File("data"), Classifier);
        File.Delete(Classifier);
        var classifier = await EvaluateAsync("--bundle", "/nowhere");

        Assert.StartsWith("ctf: --data is 'nope', which does not exist.", data.Error, StringComparison.Ordinal);
        Assert.StartsWith($"ctf: {Classifier}", classifier.Error, StringComparison.Ordinal);
    }

    private Task<CommandRun> EvaluateAsync(params string[] options) => CommandRun.Of(
        [
            "evaluate-edits", "--data", _folder.File("data"), "--classifier", Classifier, "--output", _folder.File("out"), "--cache", _folder.File("cache"),
            .. options,
        ]);
}
