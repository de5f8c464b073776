using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>A stage can be trained from the weights of an earlier training instead of random ones.</summary>
public sealed class InitialWeightsTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train-coarse", "coarse")]
    [InlineData("train-fine", "fine")]
    public async Task Train_FromWeights_BeginsWithThem(string command, string part)
    {
        var run = trained.Copy(_folder);
        var earlier = _folder.File("earlier.safetensors");
        File.Copy(Result(run, part), earlier);
        string[] oneStep = ["--overwrite", "--steps", "1", "--learning-rate", "1e-9"];

        await Succeed(trained.Stage(command, run, [.. oneStep, "--seed", "5", "--initial-weights", earlier]));
        var begun = Distance(earlier, Result(run, part));
        await Succeed(trained.Stage(command, run, [.. oneStep, "--seed", "5"]));

        Assert.InRange(begun, 0, 1e-6);
        Assert.InRange(Distance(earlier, Result(run, part)), 1e-3, 100);
    }

    [Fact]
    public async Task Train_WeightsOfAnotherSize_AreRejectedBeforeTheEarlierTrainingIsDeleted()
    {
        var run = trained.Copy(_folder);
        var weights = Result(run, "coarse");

        var message = await Rejected(trained.Stage("train-coarse", run, "--overwrite", "--width", "32", "--initial-weights", weights));

        Assert.Contains("coarse.safetensors does not fit", message, StringComparison.Ordinal);
        Assert.Contains("norm.weight", message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(run, "coarse", "checkpoint")));
    }

    [Fact]
    public async Task Train_NoSuchFile_IsRejectedBeforeImagesAreRead() => Assert.Contains(
        _folder.File("none"),
        await Rejected(trained.Stage("train-coarse", trained.Copy(_folder), "--overwrite", "--initial-weights", _folder.File("none"), "--data", "/nowhere")),
        StringComparison.Ordinal);

    [Fact]
    public async Task Resume_WithoutTheInitialWeights_IsRejected()
    {
        var run = trained.Copy(_folder);
        var earlier = _folder.File("earlier.safetensors");
        File.Copy(Result(run, "coarse"), earlier);
        await Succeed(trained.Stage("train-coarse", run, "--overwrite", "--initial-weights", earlier));

        var message = await Rejected(trained.Stage("train-coarse", run, "--resume", "--steps", "5"));

        Assert.Contains("training.initial_weights: ", message, StringComparison.Ordinal);
        await Succeed(trained.Stage("train-coarse", run, "--resume", "--steps", "5", "--initial-weights", earlier));
    }

    private static string Result(string run, string part) => Path.Combine(run, part, $"{part}.safetensors");

    /// <summary>Returns the largest difference between the weights of two files.</summary>
    private static double Distance(string first, string second)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var one = SafetensorsFile.Open(first);
        using var other = SafetensorsFile.Open(second);
        return one.Entries.Max(entry => (one.Read(entry.Name) - other.Read(entry.Name)).abs().max().item<float>());
    }
}
