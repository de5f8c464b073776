using System.Text.Json;
using CtfService.EngineBenchmarks;

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
        Assert.Contains("QueryKeyValue", lines[0].GetProperty("parts").EnumerateObject().Select(part => part.Name));
    }

    [Fact]
    public async Task Decode_TorchStep_CountsEveryPosition()
    {
        const int Batch = 2;
        var config = RandomTransformer.Config("tiny", vocabulary: 32);

        var run = await CommandRun.Of(
            "bench", "decode", "--preset", "tiny", "--vocabulary", "32", "--batch", $"{Batch}", "--backend", "torch",
            "--threads", "1", "--steps", "2", "--json");

        using var report = JsonDocument.Parse(run.Output);
        var parameters = report.RootElement.GetProperty("parameters").GetInt64();
        var line = Assert.Single(report.RootElement.GetProperty("lines").EnumerateArray().ToArray());
        var seconds = line.GetProperty("milliseconds_per_step").GetDouble() / 1e3;
        var read = 2.0 * Batch * config.Layers * config.Width * (1 + config.Positions); // elements of keys and values
        Assert.Equal(1, line.GetProperty("gigabytes_per_second").GetDouble() * 1e9 * seconds / (sizeof(float) * (parameters + read)), 3);
        Assert.Equal(1, line.GetProperty("gigaflops_per_second").GetDouble() * 1e9 * seconds / (2 * ((Batch * parameters) + read)), 3);
    }

    [Fact]
    public async Task Decode_Windows_ReportsTheLabelsThatTheShippedModelAccepts()
    {
        var run = await CommandRun.Of(
            "bench", "decode", "--preset", "tiny", "--vocabulary", "32", "--batch", "2", "--window", "8", "--backend", "simd",
            "--dtype", "float32", "--steps", "300", "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        using var report = JsonDocument.Parse(run.Output);
        var line = Assert.Single(report.RootElement.GetProperty("lines").EnumerateArray().ToArray());
        var labels = line.GetProperty("labels_per_step").GetDouble();
        Assert.InRange(labels, 2, 3);
        Assert.Equal(256, labels * line.GetProperty("steps_per_image").GetDouble(), 6);
    }

    [Fact]
    public async Task Decode_WindowsOfTorch_AreRejected()
    {
        var run = await CommandRun.Of("bench", "decode", "--preset", "tiny", "--window", "2");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--window is 2, which only the simd engine computes. Add --backend simd.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decode_UnknownPreset_IsRejectedByName()
    {
        var run = await CommandRun.Of("bench", "decode", "--preset", "huge");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--preset is 'huge', expected one of tiny, B, L, XL.", run.Error, StringComparison.Ordinal);
    }
}
