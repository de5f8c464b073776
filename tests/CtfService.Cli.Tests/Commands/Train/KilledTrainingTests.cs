using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using CtfService.TestSupport;
using static CtfService.Cli.Tests.Commands.Train.TrainedRun;

namespace CtfService.Cli.Tests.Commands.Train;

/// <summary>A training in a separate process that is killed, as in a failure of the machine.</summary>
public sealed partial class KilledTrainingTests(TrainedRun trained) : IClassFixture<TrainedRun>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Training_Killed_ReleasesTheLockOfTheRun()
    {
        var run = trained.Copy(_folder);
        using var training = await StartTraining(run);
        try
        {
            Assert.False(training.HasExited);
            Assert.Contains("is in use by another process", await Rejected("cluster", "--run", run, "--clusters", "4"), StringComparison.Ordinal);
        }
        finally
        {
            training.Kill();
            await training.WaitForExitAsync();
        }

        await Succeed("cluster", "--run", run, "--clusters", "4");
        var message = await Rejected(trained.Stage("train-coarse", run));
        Assert.Contains("Resume from its checkpoint with --resume", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", 75)]
    [InlineData("INT", 130)]
    public async Task Training_Signalled_SavesAndEndsWithACodeOfItsOwn(string signal, int exitCode)
    {
        var run = trained.Copy(_folder);
        using var training = await StartTraining(run);

        using var kill = Process.Start("kill", [$"-{signal}", $"{training.Id}"]);
        var message = await training.StandardError.ReadToEndAsync();
        await training.WaitForExitAsync();

        Assert.Equal(exitCode, training.ExitCode);
        var stopped = Stopped().Match(message);
        Assert.True(stopped.Success, message);
        Assert.Contains("Run the same command with --resume to continue.", message, StringComparison.Ordinal);
        var steps = long.Parse(stopped.Groups[1].Value, CultureInfo.InvariantCulture);
        var resumed = await Succeed(trained.Stage("train-coarse", run, "--resume", "--steps", $"{steps + 1}", "--accept-changes"));
        Assert.Contains($"Resumes after step {steps}.", resumed.Error, StringComparison.Ordinal);
    }

    /// <summary>Starts a training that takes for ever, and waits until it trains.</summary>
    private async Task<Process> StartTraining(string run)
    {
        var arguments = trained.Stage("train-coarse", run, "--resume", "--steps", "1000000");
        string[] command = [Environment.ProcessPath!, "exec", Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. arguments];
        var training = Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", .. command]) // a shell's background jobs ignore it
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        while (await training.StandardError.ReadLineAsync() is { } line && !Progress().IsMatch(line))
        {
            // until it starts to train
        }

        return training;
    }

    [GeneratedRegex("Stopped after ([0-9]+) of 1000000 steps; the checkpoint is saved in ")]
    private static partial Regex Stopped();

    [GeneratedRegex(@"coarse \d+/1000000")]
    private static partial Regex Progress();
}
