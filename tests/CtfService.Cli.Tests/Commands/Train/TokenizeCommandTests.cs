using System.Diagnostics;
using System.Text.Json;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

public sealed class TokenizeCommandTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tokenize_ThenTrainWithoutImages_UsesTheTokens()
    {
        var run = WithoutTokens();

        var tokens = await Succeed("tokenize", "--data", trained.Data, "--run", run);
        await Succeed(WithoutData(trained.Stage("train-coarse", run, "--overwrite")));
        await Succeed(WithoutData(trained.Stage("train-fine", run, "--overwrite")));
        await Succeed("bundle", "--run", run, "--output", _folder.File("bundle"));

        Assert.Contains("\"split\": \"train\"", tokens.Output, StringComparison.Ordinal);
        Assert.Contains("images/s", tokens.Error, StringComparison.Ordinal);
        Assert.Contains(" left", tokens.Error, StringComparison.Ordinal);
        var before = Contents(Path.Combine(trained.Copy(_folder, "before"), "tokens-train"));
        Assert.Equal(before["tokens-00000.safetensors"], Contents(Path.Combine(run, "tokens-train"))["tokens-00000.safetensors"]);
    }

    [Fact]
    public async Task Tokenize_ProcessKilledAtAnyMoment_EndsWithTheSameFiles()
    {
        await Succeed("draw-shapes", "--output", _folder.File("shapes"), "--images", "90", "--image-size", "16");
        string[] tokenize = ["tokenize", "--data", _folder.File("shapes"), "--run"];
        var (whole, killed) = (WithoutTokens("whole"), WithoutTokens("killed"));
        await Succeed([.. tokenize, whole]);

        for (var kill = 0; kill < 4; kill++)
        {
            using var process = Process.Start(new ProcessStartInfo(
                Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. tokenize, killed])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            await process.StandardError.ReadLineAsync(); // it has started to compute tokens
            using var delay = new PeriodicTimer(TimeSpan.FromMilliseconds(1 + (kill * 40)));
            await delay.WaitForNextTickAsync();
            process.Kill();
            await process.WaitForExitAsync();
        }

        await Succeed([.. tokenize, killed]);
        foreach (var split in new[] { "tokens-train", "tokens-test" })
        {
            Assert.Equal(Contents(Path.Combine(whole, split)), Contents(Path.Combine(killed, split)));
        }
    }

    [Fact]
    public async Task Tokenize_TenCrops_AreTrainedOnWithTheImagesToo()
    {
        var run = WithoutTokens();

        var tokens = await Succeed("tokenize", "--data", trained.Data, "--run", run, "--crops", "ten", "--splits", "train");
        var training = await Succeed(trained.Stage("train-coarse", run, "--overwrite"));

        var images = Directory.GetFiles(Path.Combine(trained.Data, "train"), "*", SearchOption.AllDirectories).Length;
        Assert.Equal(10 * images, JsonDocument.Parse(tokens.Output).RootElement.GetProperty("rows").GetInt32());
        Assert.Contains($"{10 * images} training", training.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_TokensOfOtherImages_AreReplacedOnlyWithOverwrite()
    {
        var run = trained.Copy(_folder);
        await Succeed("draw-shapes", "--output", _folder.File("others"), "--images", "9", "--image-size", "16");

        var message = await Rejected("tokenize", "--data", _folder.File("others"), "--run", run);
        Assert.Contains("holds tokens that were made from other inputs:", message, StringComparison.Ordinal);
        Assert.Contains("--overwrite", message, StringComparison.Ordinal);

        var again = await Succeed("tokenize", "--data", _folder.File("others"), "--run", run, "--overwrite");
        Assert.Contains("\"rows\": 162", again.Output, StringComparison.Ordinal);
        var before = File.GetLastWriteTimeUtc(Path.Combine(run, "tokens-train", "index.json"));
        await Succeed("tokenize", "--data", _folder.File("others"), "--run", run, "--overwrite"); // as after a kill: what is there is kept
        Assert.Equal(before, File.GetLastWriteTimeUtc(Path.Combine(run, "tokens-train", "index.json")));
    }

    [Fact]
    public async Task Tokenize_NoTestSplit_IsRejectedBeforeTheTrainingImagesAreRead()
    {
        var run = WithoutTokens();
        await Succeed("draw-shapes", "--output", _folder.File("shapes"), "--images", "6", "--image-size", "16");
        Directory.Delete(_folder.File("shapes/test"), recursive: true);

        var message = await Rejected("tokenize", "--data", _folder.File("shapes"), "--run", run);

        Assert.Contains("test", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run, "tokens-train")));
        await Succeed("tokenize", "--data", _folder.File("shapes"), "--run", run, "--splits", "train");
    }

    [Fact]
    public async Task TrainCoarse_NeitherImagesNorTokens_IsAUsageError()
    {
        var run = await CommandRun.Of(WithoutData(trained.Stage("train-coarse", WithoutTokens())));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Option '--data' is required, because", run.Error, StringComparison.Ordinal);
        Assert.Contains("'ctf tokenize'", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_UnreadableImages_AreSkippedAndCounted()
    {
        var data = _folder.File("damaged");
        await Succeed("draw-shapes", "--output", data, "--images", "6", "--image-size", "16");
        var image = Directory.GetFiles(Path.Combine(data, "train"), "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.WriteAllBytes(image, File.ReadAllBytes(image)[..60]);

        var run = await Succeed("tokenize", "--data", data, "--run", WithoutTokens(), "--splits", "train");

        Assert.Contains("Skipped 1 file or folder in train/:", run.Error, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(image), run.Error, StringComparison.Ordinal);
    }

    private static string[] WithoutData(string[] command)
    {
        var place = Array.IndexOf(command, "--data");
        return [.. command[..place], .. command[(place + 2)..]];
    }

    private static Dictionary<string, string> Contents(string folder) =>
        Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file)));

    private string WithoutTokens(string name = "run")
    {
        var run = trained.Copy(_folder, name);
        foreach (var folder in Directory.GetDirectories(run, "tokens-*"))
        {
            Directory.Delete(folder, recursive: true);
        }

        return run;
    }
}
