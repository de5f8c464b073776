using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>An experiment from drawn shapes to the report, as in docs/experiments.md.</summary>
public sealed class ExperimentCommandTests : IDisposable
{
    private const string Plan = """
        {
          "name": "tiny", "image_size": 16,
          "tokenizer": { "codebook_size": 32, "multipliers": [1, 1], "steps": 4, "batch_size": 4 },
          "classifier": { "steps": 4 },
          "training": { "steps": 4, "batch_size": 4, "warmup_steps": 1 },
          "coarse": { "width": 16, "layers": 1, "heads": 2 }, "fine": { "width": 16, "layers": 1, "heads": 2 },
          "images_per_class": 4,
          "models": [{ "name": "plain", "seeds": [0, 1] }, { "name": "ctf", "clusters": 8 }, { "name": "whole-head", "clusters": 8, "fine_head": "codebook" }],
          "curve": { "models": ["plain", "ctf"], "steps": [2] },
          "tables": [{ "title": "Everything", "subject": "model", "rows": [
            { "label": "plain", "model": "plain", "paper": { "fid": 5.46 } },
            { "label": "guided", "model": "ctf", "coarse": { "guidance_scale": 2 } },
            { "label": "from the codebook", "model": "whole-head", "draw_from": "codebook" }] }],
          "speed": { "models": ["plain", "ctf"], "batches": [1], "runs": 1 },
          "swaps": { "clusters": [2, 8], "images": 4 }
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Experiment_OnDrawnShapes_ReportsEveryTableAndIsNotRunTwice()
    {
        File.WriteAllText(_folder.File("plan.json"), Plan);
        await CommandRun.Of("draw-shapes", "--output", _folder.File("shapes"), "--images", "9", "--image-size", "16");
        string[] command = ["experiment", "--file", _folder.File("plan.json"), "--data", _folder.File("shapes"), "--output", _folder.File("out")];

        var first = await CommandRun.Of([.. command, "--without", "speed"]);
        var second = await CommandRun.Of(command);
        File.WriteAllText(_folder.File("plan.json"), Plan.Replace("\"batch_size\": 4, \"warmup", "\"batch_size\": 5, \"warmup", StringComparison.Ordinal));
        var changed = await CommandRun.Of(command);

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Equal((0, 1), (second.ExitCode, changed.ExitCode));
        Assert.Equal(2, Jobs(first) - Finished(first)); // the two speed measurements
        Assert.Equal(Jobs(second), Finished(second));
        Assert.DoesNotContain("coarse/", second.Error, StringComparison.Ordinal);
        Assert.Contains("batch_size was 4, is 5", changed.Error, StringComparison.Ordinal);
        var report = File.ReadAllText(_folder.File("out/report/results.md"));
        Assert.All(
            ["## Everything", "| plain | ", "± ", "paper: FID", "## Sampling speed", "## Swapped codewords", "fid-by-steps.svg"],
            part => Assert.Contains(part, report, StringComparison.Ordinal));
        Assert.True(File.Exists(_folder.File("out/report/results/fid-by-time.svg")));
        Assert.True(File.Exists(_folder.File("out/report/results/swaps.png")));
    }

    private static int Jobs(CommandRun run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("jobs").GetInt32();

    private static int Finished(CommandRun run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("finished").GetInt32();
}
