using CtfService.Model.Checkpoints;
using CtfService.Model.Storage;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>Every part of a run records its inputs, and every later command compares them.</summary>
public sealed class RunRecordTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TrainCoarse_OtherImages_AreRejectedWithBothRemediesAndChangeNothing()
    {
        var run = trained.Copy(_folder);
        await Succeed("draw-shapes", "--output", _folder.File("others"), "--images", "9", "--image-size", "16");
        var tokens = File.ReadAllBytes(Path.Combine(run, "tokens-train", "tokens-00000.safetensors"));

        var message = await Rejected(trained.Stage("train-coarse", run, "--overwrite", "--data", _folder.File("others")));

        Assert.Contains("data: 54 files of 9 classes, ", message, StringComparison.Ordinal);
        Assert.Contains(" in the file, 81 files of 9 classes, ", message, StringComparison.Ordinal);
        Assert.Contains("--accept-changes", message, StringComparison.Ordinal);
        Assert.Contains("--run", message, StringComparison.Ordinal);
        Assert.Equal(tokens, File.ReadAllBytes(Path.Combine(run, "tokens-train", "tokens-00000.safetensors")));
        Assert.True(Directory.Exists(Path.Combine(run, "coarse", "checkpoint")));
    }

    [Fact]
    public async Task TrainCoarse_OneImageReplacedByOneOfEqualSize_IsRejected()
    {
        var run = trained.Copy(_folder);
        var data = _folder.File("replaced");
        await Succeed("draw-shapes", "--output", data, "--images", "6", "--image-size", "16");
        var image = Directory.EnumerateFiles(Path.Combine(data, "train"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ElementAt(4);
        var bytes = File.ReadAllBytes(image);
        bytes[^1]++;
        File.WriteAllBytes(image, bytes);

        var message = await Rejected(trained.Stage("train-coarse", run, "--resume", "--steps", "5", "--data", data));

        Assert.Contains("tokenizer.safetensors: was trained on other images than these:", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer/tokenizer.safetensors", "train-tokenizer", "cluster", "swap", "refine-decoder", "train-coarse", "train-fine", "bundle")]
    [InlineData("cluster-map.safetensors", "cluster", "train-coarse", "train-fine", "bundle")]
    [InlineData("coarse/coarse.safetensors", "train-coarse", "bundle")]
    [InlineData("tokens-train", "tokenize", "bundle")]
    [InlineData("fine/fine.safetensors", "train-fine", "bundle")]
    public async Task Command_PartOfTheRunIsMissing_NamesTheCommandThatMakesIt(string part, string maker, params string[] commands)
    {
        var run = trained.Copy(_folder);
        var path = Path.Combine(run, part);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }

        foreach (var command in commands)
        {
            string[] images = command is "cluster" or "bundle" ? [] : ["--data", trained.Data];
            Assert.Contains(
                $"{part}: is missing. Make it with 'ctf {maker} --run {run}'",
                await Rejected([command, "--run", run, .. images]),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TrainCoarse_OtherImagesAccepted_ComputesTheirTokens()
    {
        var run = trained.Copy(_folder);
        await Succeed("draw-shapes", "--output", _folder.File("others"), "--images", "9", "--image-size", "16");

        var again = await Succeed(trained.Stage("train-coarse", run, "--overwrite", "--accept-changes", "--data", _folder.File("others")));

        Assert.Contains("tokens-train: was made from other inputs. Computing its tokens again:", again.Error, StringComparison.Ordinal);
        using var file = SafetensorsFile.Open(Path.Combine(run, "tokens-train", "tokens-00000.safetensors"));
        Assert.Equal(2 * 81, file.Entry("class_ids").Shape[0]);
        Assert.Contains("fine.safetensors: does not belong to this coarse stage", again.Error, StringComparison.Ordinal);
        Assert.Contains("coarse.safetensors", await Rejected(trained.Stage("train-fine", run, "--overwrite", "--accept-changes")), StringComparison.Ordinal);
    }

    [Fact]
    public void ImageSize_Omitted_IsThatOfTheRun()
    {
        using var tokens = SafetensorsFile.Open(Path.Combine(trained.Copy(_folder), "tokens-train", "tokens-00000.safetensors"));

        Assert.Equal(4 * 4, tokens.Entry("tokens").Shape[1]); // images of 16 pixels, not of the default of 64
    }

    [Fact]
    public async Task TrainFine_OtherImageSize_IsRejectedWithBothValues() =>
        Assert.Contains(
            "image_size: 16 in the file, 32 now",
            await Rejected(trained.Stage("train-fine", trained.Copy(_folder), "--overwrite", "--image-size", "32")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("--batch", "3", "training.batch_size: 2 in the file, 3 now")]
    [InlineData("--seed", "7", "training.seed: 0 in the file, 7 now")]
    [InlineData("--learning-rate", "0.01", "training.learning_rate: 0.001 in the file, 0.01 now")]
    public async Task Resume_OtherSetting_IsNamedAndCanBeAccepted(string option, string value, string expected)
    {
        var run = trained.Copy(_folder);
        string[] command = trained.Stage("train-coarse", run, "--resume", option, value);

        Assert.Contains(expected, await Rejected(command), StringComparison.Ordinal);
        await Succeed([.. command, "--accept-changes"]);
    }

    [Theory]
    [InlineData("--width", "32", "architecture.width: 16 in the file, 32 now")]
    [InlineData("--heads", "4", "architecture.heads: 2 in the file, 4 now")]
    public async Task Resume_OtherArchitecture_IsRejectedEvenWithAcceptChanges(string option, string value, string expected)
    {
        var message = await Rejected(trained.Stage("train-coarse", trained.Copy(_folder), "--resume", "--accept-changes", option, value));

        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_OtherArchitectureWithoutARecord_IsRejectedByItsShapes()
    {
        var run = trained.Copy(_folder);
        Forget(Path.Combine(run, "coarse", "checkpoint", "weights.safetensors"));

        var message = await Rejected(trained.Stage("train-coarse", run, "--resume", "--width", "32"));

        Assert.Contains("has another architecture", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_MoreSteps_Continues() => await Succeed(trained.Stage("train-coarse", trained.Copy(_folder), "--resume", "--steps", "5"));

    [Fact]
    public async Task Resume_FewerStepsThanFinished_IsRejected() => Assert.Contains(
        "has finished 3 steps, more than --steps 2",
        await Rejected(trained.Stage("train-coarse", trained.Copy(_folder), "--resume", "--steps", "2")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("coarse", "train-coarse")]
    [InlineData("tokenizer", "train-tokenizer")]
    public async Task Train_FolderHoldsATraining_IsRejectedAndKeepsIt(string part, string command)
    {
        var run = trained.Copy(_folder);
        var checkpoint = File.ReadAllBytes(Path.Combine(run, part, "checkpoint", "weights.safetensors"));

        var message = await Rejected(part == "tokenizer" ? trained.Tokenizer(run) : trained.Stage(command, run));

        Assert.Contains("holds a training of 3 steps", message, StringComparison.Ordinal);
        Assert.All(["--resume", "--overwrite", "--run"], way => Assert.Contains(way, message, StringComparison.Ordinal));
        Assert.Equal(checkpoint, File.ReadAllBytes(Path.Combine(run, part, "checkpoint", "weights.safetensors")));
    }

    [Fact]
    public async Task Train_FolderHoldsAResultWithoutACheckpoint_IsRejectedEvenWithResume()
    {
        var run = trained.Copy(_folder);
        Directory.Delete(Path.Combine(run, "coarse", "checkpoint"), recursive: true);

        Assert.Contains("holds a finished coarse.safetensors", await Rejected(trained.Stage("train-coarse", run, "--resume")), StringComparison.Ordinal);
        await Succeed(trained.Stage("train-coarse", run, "--overwrite"));
    }

    [Fact]
    public async Task Train_RunInUse_IsRejected()
    {
        var run = trained.Copy(_folder);
        using var other = FolderLock.Take(run, "--run");

        Assert.All(
            [
                await Rejected(trained.Stage("train-coarse", run, "--resume")),
                await Rejected("cluster", "--run", run, "--clusters", "4"),
                await Rejected(trained.Tokenizer(run)),
            ],
            message => Assert.Contains($"'{run}' is in use by another process", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cluster_OtherMapThanThatOfTheStages_IsRejectedUnlessItOverwrites()
    {
        var run = trained.Copy(_folder);

        var map = File.ReadAllBytes(Path.Combine(run, "cluster-map.safetensors"));

        Assert.Contains(
            "coarse.safetensors: was trained with another cluster map",
            await Rejected("cluster", "--run", run, "--clusters", "2"),
            StringComparison.Ordinal);
        Assert.Equal(map, File.ReadAllBytes(Path.Combine(run, "cluster-map.safetensors")));
        await Succeed("cluster", "--run", run, "--clusters", "4");
        var other = await Succeed("cluster", "--run", run, "--clusters", "2", "--overwrite");

        Assert.Contains(
            "coarse.safetensors: was trained with the previous cluster map and has to be trained again.",
            other.Error,
            StringComparison.Ordinal);
        Assert.Contains("fine.safetensors: was trained with the previous cluster map", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_RunWithoutRecords_WarnsAndContinues()
    {
        var run = trained.Copy(_folder);
        foreach (var file in Directory.GetFiles(run, "*.safetensors", SearchOption.AllDirectories))
        {
            Forget(file);
        }

        var trainedAgain = await Succeed(trained.Stage("train-fine", run, "--overwrite", "--image-size", "16"));
        var bundled = await Succeed("bundle", "--run", run, "--output", _folder.File("bundle"));

        Assert.Contains("tokenizer.safetensors: has no record of what it was made from", trainedAgain.Error, StringComparison.Ordinal);
        Assert.Contains("coarse.safetensors: has no record of what it was made from", bundled.Error, StringComparison.Ordinal);
    }

    /// <summary>Removes the record from a file, as in files of earlier versions.</summary>
    private static void Forget(string path)
    {
        var aside = path + ".forgetful";
        using (TorchSharp.torch.NewDisposeScope())
        using (var file = SafetensorsFile.Open(path))
        {
            var metadata = file.Metadata.Where(entry => entry.Key != "made_from").ToDictionary();
            SafetensorsWriter.Write(aside, file.Entries.Select(entry => (entry.Name, file.Read(entry.Name))).ToList(), metadata);
        }

        File.Move(aside, path, overwrite: true);
    }
}
