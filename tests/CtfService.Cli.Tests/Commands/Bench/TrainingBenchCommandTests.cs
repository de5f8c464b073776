using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bench;

/// <summary>The checks of trainings on a GPU, tried on the CPU with a small size.</summary>
public sealed class TrainingBenchCommandTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "ctf.dll");

    /// <summary>In a process of its own: other tests draw from libtorch's random numbers, which the process shares.</summary>
    [Fact]
    public async Task Training_TinyOnTheCpu_ReportsLossesSpeedAndMemory()
    {
        var run = await ProgramRun.Of(
            Environment.ProcessPath!,
            ["exec", Program, "bench", "training", "--device", "cpu", "--size", "tiny", "--batch", "8", "--steps", "20", "--compare-steps", "20", "--json"],
            Path.GetTempPath());

        Assert.True(run.ExitCode == 0, run.Errors);
        var report = JsonDocument.Parse(run.Output).RootElement;
        var comparison = report.GetProperty("comparison");
        Assert.Equal(0, comparison.GetProperty("largest_difference").GetDouble()); // the same device twice
        Assert.Equal(Math.Log(64), comparison.GetProperty("first").GetDouble(), tolerance: 0.2); // 64 labels, all alike at first
        var size = Assert.Single(report.GetProperty("sizes").EnumerateArray());
        Assert.True(size.GetProperty("images_per_second").GetDouble() > 0);
        Assert.True(size.GetProperty("measured_bytes").GetInt64() > 0);
        Assert.Equal(1, size.GetProperty("parts").GetInt32());
    }

    [Fact]
    public async Task Training_MoreMemoryThanAllowed_IsRefusedBeforeItStarts()
    {
        var run = await CommandRun.Of("bench", "training", "--device", "cpu", "--size", "L", "--compare-steps", "0", "--memory", "2");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("more than --memory allows", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The script for a machine with a GPU, without one.</summary>
    [Fact]
    public async Task Script_DryRunOnTheCpu_Succeeds()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var run = await ProgramRun.Of(
            RepositoryFolder.File("bench", "gpu", "train.sh"),
            ["--device", "cpu", "--size", "tiny"],
            Path.GetTempPath(),
            new Dictionary<string, string?> { ["CTF"] = $"{Environment.ProcessPath} exec {Program}" });

        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Contains("largest difference", run.Output, StringComparison.Ordinal);
        Assert.Contains("memory at the end", run.Output, StringComparison.Ordinal);
    }
}
