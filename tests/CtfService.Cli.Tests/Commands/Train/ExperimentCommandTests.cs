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

    [Theory]
    [InlineData("B", 2)]
    [InlineData("L", 2)]
    [InlineData("XL", 2)]
    public async Task Plan_FilesOfThePaper_NeedNoData(string size, int stages)
    {
        var file = RepositoryFolder.File("bench", "experiments", $"imagenet-256-{size}.json");

        var plan = await CommandRun.Of("experiment", "--file", file, "--plan", "--json");
        var withoutData = await CommandRun.Of("experiment", "--file", file, "--output", _folder.File("out"));
        var withoutTokenizer = await CommandRun.Of("experiment", "--file", file, "--output", _folder.File("out"), "--data", _folder.Root);

        var plans = JsonDocument.Parse(plan.Output).RootElement.EnumerateArray().ToList();
        Assert.Equal(stages, plans.Count);
        Assert.All(plans, stage => Assert.Equal(1_501_200, stage.GetProperty("steps").GetInt64()));
        Assert.Equal(size, plans[0].GetProperty("size").GetString());
        Assert.Equal((2, 1), (withoutData.ExitCode, withoutTokenizer.ExitCode));
        Assert.Contains("Option '--data' is required.", withoutData.Error, StringComparison.Ordinal);
        Assert.Contains("published tokenizer VQ-16", withoutTokenizer.Error, StringComparison.Ordinal);
    }

    /// <summary>An experiment without tables trains no classifier and ends with a bundle, whose classes have the listed order.</summary>
    [Fact]
    public async Task Experiment_OnlyBundles_PacksAModelThatCanBeInspected()
    {
        File.WriteAllText(_folder.File("plan.json"), """
            {
              "name": "tiny", "image_size": 16,
              "tokenizer": { "codebook_size": 16, "multipliers": [1, 1], "steps": 2, "batch_size": 2 },
              "training": { "epochs": 1, "epoch_images": 8, "batch_size": 4, "accumulate": 2, "warmup_steps": 0, "class_dropout": 0.2, "dropout": 0 },
              "coarse": { "width": 16, "layers": 1, "heads": 2 }, "fine": { "width": 16, "layers": 1, "heads": 2, "feed_forward_multiple": 16 },
              "models": [{ "name": "ctf", "clusters": 4 }], "bundles": true
            }
            """);
        await CommandRun.Of("draw-shapes", "--output", _folder.File("shapes"), "--images", "3", "--image-size", "16");
        var classes = Directory.EnumerateDirectories(_folder.File("shapes/train")).Select(folder => Path.GetFileName(folder)!);
        string[] listed = [.. classes.OrderDescending(StringComparer.Ordinal)];
        File.WriteAllLines(_folder.File("names.txt"), listed);

        var run = await CommandRun.Of(
            "experiment", "--file", _folder.File("plan.json"), "--data", _folder.File("shapes"), "--output", _folder.File("out"),
            "--class-names", _folder.File("names.txt"));
        var bundle = await CommandRun.Of("inspect", _folder.File("out/bundles/ctf/seed-0/bundle"));

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(6, Finished(run));
        Assert.True(bundle.ExitCode == 0, bundle.Error);
        Assert.Contains("16 codewords in 4 clusters", bundle.Output, StringComparison.Ordinal);
        var manifest = JsonDocument.Parse(File.ReadAllText(_folder.File("out/bundles/ctf/seed-0/bundle/model.json"))).RootElement;
        Assert.Equal(listed, manifest.GetProperty("class_labels").EnumerateArray().Select(label => label.GetString()));
        Assert.True(File.Exists(_folder.File("out/bundles/ctf/seed-0/bundle/usual-labels.safetensors")));
        Assert.False(Directory.Exists(_folder.File("out/classifier")));
    }

    private static int Jobs(CommandRun run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("jobs").GetInt32();

    private static int Finished(CommandRun run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("finished").GetInt32();
}
