using System.Text.Json;
using CtfService.Cli.Tests.Commands.Train;
using CtfService.Model.Bundles;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Bundles;

public sealed class BundleCommandTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.File("bundle");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bundle_ClusterMapChanged_IsRejectedWithBothMaps()
    {
        var run = trained.Copy(_folder);
        await Succeed("cluster", "--run", run, "--clusters", "4", "--seed", "9", "--random", "--overwrite");

        var message = await Rejected("bundle", "--run", run, "--output", Output);

        Assert.Contains("cluster_map: 4 clusters, ", message, StringComparison.Ordinal);
        Assert.Contains("coarse.safetensors was made from other inputs", message, StringComparison.Ordinal);
        Assert.Contains("fine.safetensors was made from other inputs", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public async Task Bundle_TokenizerTrainedAgain_IsRejected()
    {
        var run = trained.Copy(_folder);
        await Succeed(trained.Tokenizer(run, "--image-size", "16", "--seed", "3", "--overwrite"));

        var message = await Rejected("bundle", "--run", run, "--output", Output);

        Assert.Contains("cluster-map.safetensors was made from other inputs", message, StringComparison.Ordinal);
        Assert.Contains("tokenizer: 16 codewords, ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bundle_RefinedAndBlendedDecoders_BelongToTheRun()
    {
        var run = trained.Copy(_folder);
        var refined = Path.Combine(run, "decoder", "tokenizer.safetensors");
        await Succeed("refine-decoder", "--data", trained.Data, "--run", run, "--steps", "2", "--batch", "2", "--dtype", "float32");
        await Succeed("bundle", "--run", run, "--output", Output);

        Assert.Contains(
            "--overwrite",
            await Rejected("blend-decoders", "--first", Path.Combine(run, "tokenizer", "tokenizer.safetensors"), "--second", refined, "--output", refined),
            StringComparison.Ordinal);
        await Succeed(
            "blend-decoders", "--first", Path.Combine(run, "tokenizer", "tokenizer.safetensors"), "--second", refined, "--output", refined, "--overwrite");
        await Succeed("bundle", "--run", run, "--output", Output, "--overwrite");

        BundleReader.Open(Output);
    }

    [Fact]
    public async Task Bundle_FolderHoldsABundle_IsReplacedOnlyWithOverwriteAndKeepsTheReadme()
    {
        var run = trained.Copy(_folder);
        await Succeed("bundle", "--run", run, "--output", Output);
        File.WriteAllText(Path.Combine(Output, "README.md"), "card");
        var manifest = File.ReadAllBytes(Path.Combine(Output, "model.json"));

        var message = await Rejected("bundle", "--run", run, "--output", Output, "--name", "other");
        var unchanged = File.ReadAllBytes(Path.Combine(Output, "model.json"));
        await Succeed("bundle", "--run", run, "--output", Output, "--name", "other", "--overwrite");

        Assert.All(["already contains a bundle", "--output", "--overwrite"], part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal(manifest, unchanged);
        Assert.Equal("other", BundleReader.Open(Output).Manifest.Name);
        Assert.Contains(BundleReader.Open(Output).Manifest.Files, file => file.Name == BundleFiles.UsualLabels);
        Assert.Equal("card", File.ReadAllText(Path.Combine(Output, "README.md")));
        Assert.Equal(["bundle", "run"], Directory.GetDirectories(_folder.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Bundle_FolderHoldsOtherFiles_IsUnchangedEvenWithOverwrite()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "thesis.txt"), "years");

        var message = await Rejected("bundle", "--run", trained.Copy(_folder), "--output", Output, "--overwrite");

        Assert.Contains("contains files that are not a bundle", message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(Output));
    }

    [Fact]
    public async Task Bundle_NoName_UsesTheNameOfTheRun()
    {
        var name = $"run-{Path.GetRandomFileName()}";
        var expected = Path.Combine("models", name);
        try
        {
            var bundled = await Succeed("bundle", "--run", trained.Copy(_folder, name));

            Assert.Equal(expected, JsonDocument.Parse(bundled.Output).RootElement.GetProperty("directory").GetString());
            Assert.Equal(name, BundleReader.Open(expected).Manifest.Name);
        }
        finally
        {
            Directory.Delete(expected, recursive: true);
        }
    }
}
