using System.Diagnostics;
using System.Security.Cryptography;
using CtfService.Model.TestSupport;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Datasets;

/// <summary>The real command in a process of its own, killed without warning (SIGKILL) and started again until it is done.</summary>
public sealed class KilledDatasetTests : IDisposable
{
    /// <summary>Time between a start and the kill: the first one while the program starts; later ones leave time for progress on a slow machine.</summary>
    private static readonly TimeSpan FirstLife = TimeSpan.FromMilliseconds(500);

    private readonly TemporaryFolder _folder = new();
    private readonly TinyBundle _bundle = new();

    [Theory]
    [InlineData("webdataset")]
    [InlineData("imagefolder")]
    public void Dataset_KilledAtRandomMoments_EndsWithTheBytesOfAnUndisturbedRun(string format)
    {
        Assert.Equal(0, RunUntil(Timeout.InfiniteTimeSpan, format, "undisturbed"));

        var (kills, life) = (0, FirstLife);
        var random = new Random(17);
        for (int? exitCode = null; exitCode != 0; life += TimeSpan.FromMilliseconds(random.Next(200, 800)))
        {
            exitCode = RunUntil(life, format, "killed");
            kills += exitCode is null ? 1 : 0;
            Assert.True(exitCode is null or 0, $"The command ended with exit code {exitCode}.");
        }

        Assert.InRange(kills, 2, int.MaxValue);
        Assert.Equal(Hashes("undisturbed"), Hashes("killed"));
    }

    public void Dispose()
    {
        _bundle.Dispose();
        _folder.Dispose();
    }

    /// <summary>Runs the command; returns its exit code, or null if it was killed first.</summary>
    private int? RunUntil(TimeSpan life, string format, string output)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "ctf.dll"), "dataset", "--bundle", _bundle.Directory, "--device", "cpu",
            "--per-class", "240", "--shard-size", "90", "--format", format, "--output", _folder.File(output),
        ];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(life))
        {
            return process.ExitCode;
        }

        process.Kill(); // SIGKILL
        process.WaitForExit();
        return null;
    }

    private Dictionary<string, string> Hashes(string output) => Directory.EnumerateFiles(_folder.File(output), "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(_folder.File(output), path), path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
}
