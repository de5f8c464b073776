using System.Text.Json;

namespace CtfService.Cli.Tests.Commands.Bench;

public sealed class DecodeBenchCommandTests
{
    [Fact]
    public async Task Decode_TinyModel_ReportsEveryEngineAndBatchAsJson()
    {
        var run = await CommandRun.Of(
            "bench", "decode", "--preset", "tiny", "--vocabulary", "32", "--batch", "1", "2", "--dtype", "float32", "int8",
            "--threads", "1", "--steps", "2", "--json");

        Assert.Equal(0, run.ExitCode);
        using var report = JsonDocument.Parse(run.Output);
        var lines = report.RootElement.GetProperty("lines").EnumerateArray().ToArray();
        Assert.Equal(
            ["simd float32 1", "simd float32 2", "simd int8 1", "simd int8 2", "torch float32 1", "torch float32 2"],
            lines.Select(line => $"{line.GetProperty("backend")} {line.GetProperty("dtype")} {line.GetProperty("batch")}"));
        Assert.All(lines, line => Assert.True(line.GetProperty("tokens_per_second").GetDouble() > 0));
        Assert.All(lines[..4], line => Assert.Equal(1, line.GetProperty("parts").EnumerateObject().Sum(part => part.Value.GetDouble()), 6));
    }

    [Fact]
    public async Task Decode_UnknownPreset_IsRejectedByName()
    {
        var run = await CommandRun.Of("bench", "decode", "--preset", "huge");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--preset is 'huge', expected one of tiny, B, L, XL.", run.Error, StringComparison.Ordinal);
    }
}
