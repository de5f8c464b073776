using System.Diagnostics;
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
        using var training = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!,
            ["exec", Path.Combine(AppContext.BaseDirectory, "ctf.dll"), .. trained.Stage("train-coarse", run, "--resume", "--steps", "1000000")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            while (await training.StandardError.ReadLineAsync() is { } line && !Progress().IsMatch(line))
            {
                // until it starts to train
            }

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

    [GeneratedRegex(@"coarse \d+/1000000")]
    private static partial Regex Progress();
}
