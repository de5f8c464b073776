using System.Text.Json;
using CtfService.Model.Checkpoints;
using CtfService.Model.Imaging;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;
using static TorchSharp.torch;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>A run for a trainer in PyTorch, and the way back from its checkpoints.</summary>
public sealed class ExportTrainingCommandTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private const int Positions = 16;
    private const int Crops = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Export_OfARun_HasTheLayoutOfLlamaGensCodeFiles()
    {
        var run = trained.Copy(_folder);
        await Succeed("export-training", "--run", run, "--output", _folder.File("out"));

        using var map = CheckpointFile.Open(_folder.File("out/cluster-map.npy"));
        var clusters = map.Read("array", int64).data<long>().ToArray();
        var configuration = JsonDocument.Parse(File.ReadAllText(_folder.File("out/training.json"))).RootElement;
        var images = configuration.GetProperty("images").GetInt32();
        Assert.Equal(images, Directory.GetFiles(_folder.File("out/labels-flip/imagenet16_codes")).Length);
        Assert.Equal(16, clusters.Length);
        var classes = new HashSet<long>();
        for (var image = 0; image < images; image++)
        {
            var tokens = Codes("tokens-flip", image);
            Assert.Equal(tokens.Select(token => clusters[token]), Codes("labels-flip", image));
            var label = Array(_folder.File($"out/labels-flip/imagenet16_labels/{image}.npy"), [1]);
            Assert.Equal(label, Array(_folder.File($"out/tokens-flip/imagenet16_labels/{image}.npy"), [1]));
            classes.Add(label[0]);
        }

        Assert.Equal(9, classes.Count);
        Assert.Equal(9, File.ReadAllLines(_folder.File("out/class-names.txt")).Length);
    }

    /// <summary>The first crop of an image has the tokens of the image, the second those of its mirror image.</summary>
    [Fact]
    public async Task Export_CropsOfAnImage_AreThoseOfTheTokens()
    {
        var run = trained.Copy(_folder);
        await Succeed("export-training", "--run", run, "--output", _folder.File("out"));

        var rows = new List<long[]>();
        foreach (var path in Directory.GetFiles(Path.Combine(run, "tokens-train"), "*.safetensors").Order(StringComparer.Ordinal))
        {
            using var shard = CheckpointFile.Open(path);
            rows.AddRange(shard.Read("tokens", int64).data<long>().ToArray().Chunk(Positions));
        }

        var images = rows.Count / Crops;
        Assert.InRange(images, 2, 64); // one block: all images, then all mirror images
        for (var image = 0; image < images; image++)
        {
            Assert.Equal([.. rows[image], .. rows[images + image]], Codes("tokens-flip", image));
        }
    }

    [Fact]
    public async Task Export_Configuration_HasTheArgumentsOfTheTrainer()
    {
        await Succeed("export-training", "--run", trained.Copy(_folder), "--output", _folder.File("out"), "--size", "XL");

        var configuration = JsonDocument.Parse(File.ReadAllText(_folder.File("out/training.json"))).RootElement;
        var arguments = string.Join(' ', configuration.GetProperty("coarse").GetProperty("arguments").EnumerateArray().Select(word => word.GetString()));
        Assert.StartsWith("--code-path labels-flip --gpt-model GPT-XL --gpt-type c2i --vocab-size 4 --num-classes 9 ", arguments, StringComparison.Ordinal);
        Assert.Contains("--global-batch-size 256 --lr 0.0001 --weight-decay 0.05 --beta1 0.9 --beta2 0.95", arguments, StringComparison.Ordinal);
        Assert.Contains("--dropout-p 0.1 ", arguments, StringComparison.Ordinal);
        var fine = configuration.GetProperty("fine");
        Assert.Equal("full", fine.GetProperty("attention").GetString());
        Assert.Equal(16, fine.GetProperty("architecture").GetProperty("output_vocabulary").GetInt32());
        Assert.False(fine.TryGetProperty("arguments", out _));
    }

    [Fact]
    public async Task Export_FolderInUse_IsRefusedAndReplacedOnlyIfAsked()
    {
        var run = trained.Copy(_folder);
        string[] command = ["export-training", "--run", run, "--output", _folder.File("out")];
        await Succeed(command);
        var old = File.GetLastWriteTimeUtc(_folder.File("out/training.json"));
        File.WriteAllText(_folder.File("out/labels-flip/imagenet16_codes/99999.npy"), "of another export");

        Assert.Contains("is not empty", await Rejected(command), StringComparison.Ordinal);
        await Succeed([.. command, "--overwrite"]);

        Assert.True(File.GetLastWriteTimeUtc(_folder.File("out/training.json")) >= old);
        Assert.False(File.Exists(_folder.File("out/labels-flip/imagenet16_codes/99999.npy")));
    }

    /// <summary>
    /// Writes the trained weights as a trainer in PyTorch saves them, converts them with the exported cluster map and class names, and draws the same images
    /// as from the run's own bundle.
    /// </summary>
    [Fact]
    public async Task Checkpoints_OfTheTrainersForm_ComeBackAsTheSameModel()
    {
        var run = trained.Copy(_folder);
        await Succeed("export-training", "--run", run, "--output", _folder.File("out"));
        foreach (var stage in new[] { "coarse", "fine" })
        {
            using var weights = SafetensorsFile.Open(Path.Combine(run, stage, $"{stage}.safetensors"));
            TorchFileWriter.Write(
                _folder.File($"{stage}.pt"),
                [.. weights.Entries.Select(entry => ($"_orig_mod.{entry.Name}", entry.Shape.ToArray()))], // as torch.compile names them
                (name, elements) => weights.Read(name["_orig_mod.".Length..], float32).data<float>().ToArray().CopyTo(elements));
        }

        await Succeed("bundle", "--run", run, "--output", _folder.File("bundle"), "--name", "own");
        await Succeed(
            "convert", "--tokenizer", _folder.File("bundle/tokenizer.safetensors"), "--transformer", _folder.File("coarse.pt"), "--fine",
            _folder.File("fine.pt"), "--cluster-map", _folder.File("out/cluster-map.npy"), "--class-names", _folder.File("out/class-names.txt"),
            "--image-size", "16", "--coarse-heads", "2", "--fine-heads", "2", "--dtype", "float16", "--output", _folder.File("converted"));

        Assert.Equal(await Draw("bundle"), await Draw("converted"));
    }

    private async Task<IReadOnlyList<string>> Draw(string bundle)
    {
        await Succeed(
            "generate", "--bundle", _folder.File(bundle), "--count", "4", "--seed", "7", "--guidance-scale", "1.5", "--output",
            _folder.File($"{bundle}-images"));
        return [.. Directory.GetFiles(_folder.File($"{bundle}-images"), "*.png", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(path => Convert.ToHexString(ImageCodec.Decode(File.ReadAllBytes(path)).Pixels))];
    }

    private long[] Codes(string folder, int image) => Array(_folder.File($"out/{folder}/imagenet16_codes/{image}.npy"), [1, Crops, Positions]);

    private static long[] Array(string path, long[] shape)
    {
        using var file = CheckpointFile.Open(path);
        var entry = Assert.Single(file.Entries);
        Assert.Equal(shape, entry.Shape);
        Assert.Equal(int64, entry.Dtype);
        return file.Read(entry.Name, int64).data<long>().ToArray();
    }
}
