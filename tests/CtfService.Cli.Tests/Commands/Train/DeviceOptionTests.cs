using System.Text.Json.Nodes;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>Device, type and memory options of the commands that train, cluster and evaluate.</summary>
public sealed class DeviceOptionTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Commands =>
        ["train-tokenizer", "refine-decoder", "cluster", "swap", "tokenize", "train-coarse", "train-fine", "train-classifier", "evaluate", "experiment"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Command_UnknownDeviceOrType_NamesTheAcceptedOnes(string command)
    {
        var run = await CommandRun.Of(command, "--device", "gpu", "--dtype", "half");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--device is 'gpu', expected auto, cpu, cuda or cuda:N.", run.Error, StringComparison.Ordinal);
        Assert.Contains("--dtype is 'half', expected", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainCoarse_NoSuchDevice_SaysWhatToDo()
    {
        var message = await Rejected(trained.Stage("train-coarse", trained.Copy(_folder), "--device", "cuda:999"));

        Assert.Matches("The device is 'cuda:999', but this program sees [0-9]+ CUDA devices. Choose cpu or auto, or build with", message);
    }

    [Fact]
    public async Task TrainFine_MorePartsThanImages_IsAUsageError()
    {
        var run = await CommandRun.Of(trained.Stage("train-fine", trained.Copy(_folder), "--accumulate", "3"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--accumulate is 3, expected at most the 2 images of --batch.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainCoarse_WithEveryOption_LeavesWhatTheyAskFor()
    {
        var run = trained.Copy(_folder);

        await Succeed(
            [.. trained.Stage("train-coarse", run, "--overwrite", "--steps", "7", "--dtype", "bfloat16"),
            "--device", "cpu", "--accumulate", "2", "--checkpoint-every", "2", "--keep-checkpoints", "3", "--sample-every", "3", "--peak-tflops", "1.5"]);

        var start = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "coarse", "run.json")))!["starts"]![0]!;
        Assert.Equal(("cpu", "bfloat16", 2), ((string?)start["device"], (string?)start["dtype"], (int?)start["settings"]!["accumulate"]));
        Assert.Equal(["0000004", "0000006"], Names("checkpoints"));
        Assert.Equal(["0000003.png", "0000006.png", "0000007.png"], Names("samples"));
        Assert.Single(Names("."), name => name!.StartsWith("events.out.tfevents.", StringComparison.Ordinal));
        var figures = File.ReadAllLines(Path.Combine(run, "coarse", "metrics.jsonl"));
        Assert.Contains(figures, line => line.Contains("\"held-out accuracy\":", StringComparison.Ordinal));
        Assert.Contains(figures, line => line.Contains("\"tokens_per_second\":", StringComparison.Ordinal));

        IEnumerable<string?> Names(string folder) =>
            Directory.EnumerateFileSystemEntries(Path.Combine(run, "coarse", folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task TrainClassifier_InBfloat16_Trains()
    {
        var run = await Succeed(
            "train-classifier", "--data", trained.Data, "--output", _folder.File("classifier.safetensors"), "--image-size", "16", "--steps", "3",
            "--device", "cpu", "--dtype", "bfloat16");

        Assert.Contains("\"accuracy\"", run.Output, StringComparison.Ordinal);
    }
}
