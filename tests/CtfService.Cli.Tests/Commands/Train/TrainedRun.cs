using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>A run of the smallest model, from drawn shapes to both stages. It is made once for all tests of a class; each test uses a copy.</summary>
public sealed class TrainedRun : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Data => _folder.File("shapes");

    private string Original => _folder.File("original");

    public async Task InitializeAsync()
    {
        await Succeed("draw-shapes", "--output", Data, "--images", "6", "--image-size", "16");
        await Succeed(Tokenizer(Original, "--image-size", "16"));
        await Succeed("cluster", "--run", Original, "--clusters", "4");
        await Succeed(Stage("train-coarse", Original));
        await Succeed(Stage("train-fine", Original));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    /// <summary>Copies the run to a folder with this name.</summary>
    internal string Copy(TemporaryFolder folder, string name = "run")
    {
        var copy = folder.File(name);
        foreach (var file in Directory.EnumerateFiles(Original, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(Original, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    /// <summary>Returns the arguments that train a tokenizer, without an image size.</summary>
    /// <param name="others">Options that replace or extend the usual ones.</param>
    internal string[] Tokenizer(string run, params string[] others) => Merge(
        others,
        [
            "train-tokenizer", "--data", Data, "--run", run, "--multipliers", "1", "1", "--codebook-size", "16", "--steps", "3", "--batch", "2",
            "--dtype", "float32",
        ]);

    /// <summary>Returns the arguments that train a stage, without an image size.</summary>
    /// <param name="others">Options that replace or extend the usual ones.</param>
    internal string[] Stage(string command, string run, params string[] others) => Merge(
        others,
        [command, "--data", Data, "--run", run, "--width", "16", "--layers", "1", "--heads", "2", "--steps", "3", "--batch", "2", "--dtype", "float32"]);

    internal static async Task<CommandRun> Succeed(params string[] arguments)
    {
        var run = await CommandRun.Of(arguments);
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', arguments)}: {run.Error}");
        return run;
    }

    /// <summary>Runs a command that must fail, and returns its message.</summary>
    internal static async Task<string> Rejected(params string[] arguments)
    {
        var run = await CommandRun.Of(arguments);
        Assert.True(run.ExitCode == 1, $"{string.Join(' ', arguments)} ended with {run.ExitCode}: {run.Error}");
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        return run.Error;
    }

    private static string[] Merge(string[] others, List<string> usual)
    {
        foreach (var place in others
            .Where(other => other.StartsWith("--", StringComparison.Ordinal))
            .Select(other => usual.IndexOf(other))
            .Where(place => place >= 0)
            .OrderDescending())
        {
            usual.RemoveRange(place, 2); // the option and its value
        }

        return [.. usual, .. others];
    }
}
