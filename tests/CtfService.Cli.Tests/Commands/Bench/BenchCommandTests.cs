using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Model.Generation;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bench;

/// <summary>Checks that every benchmark runs and reports figures; their values depend on the machine.</summary>
public sealed class BenchCommandTests
{
    private static readonly string Bundle = RepositoryFolder.File("models", "fruits-64");

    [Fact]
    public async Task Images_ShippedModel_ReportsEveryBatch()
    {
        using var report = await Json("bench", "images", "--bundle", Bundle, "--batch", "1", "2", "--json");

        Assert.Equal([1, 2], report.RootElement.EnumerateArray().Select(line => line.GetProperty("images").GetInt32()));
        Assert.All(report.RootElement.EnumerateArray(), line => Assert.True(line.GetProperty("coarse_milliseconds").GetDouble() > 0));
    }

    [Theory]
    [InlineData(1, 256, 256)]
    [InlineData(8, 90, 130)]
    public async Task Images_OfAPreset_ReplayTheAcceptanceOfTheShippedModel(int window, double least, double most)
    {
        using var report = await Json("bench", "images", "--preset", "tiny", "--acceptance", "trace", "--batch", "1", "--window", $"{window}", "--json");

        var line = Assert.Single(report.RootElement.EnumerateArray());
        var steps = line.GetProperty("steps_per_image").GetDouble();
        Assert.InRange(steps, least, most);
        Assert.Equal(256, steps * line.GetProperty("labels_per_step").GetDouble(), 6);
    }

    [Theory]
    [InlineData("2048", "in memory")]
    [InlineData("0", "on disk")]
    public async Task Data_SetOfShapes_ReportsTimesAndMemory(string memory, string kept)
    {
        using var folder = new TemporaryFolder();
        await CommandRun.Of("draw-shapes", "--output", folder.File("shapes"), "--images", "4", "--image-size", "16");

        using var report = await Json(
            "bench", "data", "--data", folder.File("shapes"), "--image-size", "16", "--batch", "4", "--steps", "20", "--image-memory", memory);

        var figures = report.RootElement;
        Assert.Equal(kept, figures.GetProperty("kept").GetString());
        Assert.Equal((36, 9), (figures.GetProperty("images").GetInt32(), figures.GetProperty("classes").GetInt32()));
        Assert.True(figures.GetProperty("images_per_second").GetDouble() > 0);
        Assert.True(figures.GetProperty("memory_mib").GetProperty("peak").GetInt64() > 0);
        Assert.Equal(0, figures.GetProperty("unreadable").GetInt32());
    }

    [Fact]
    public async Task Serving_ShippedModel_ComparesBothKindsOfBatching()
    {
        using var report = await Json("bench", "serving", "--bundle", Bundle, "--images", "6", "--rows", "4", "--json");

        Assert.True(report.RootElement.GetProperty("static").GetProperty("mean_milliseconds").GetDouble() > 0);
        Assert.True(report.RootElement.GetProperty("continuous").GetProperty("p95_milliseconds").GetDouble() > 0);
    }

    [Fact]
    public async Task Bulk_ShippedModel_ComparesAloneWithTogether()
    {
        using var report = await Json("bench", "bulk", "--bundle", Bundle, "--images", "4", "--runs", "1", "--rows", "8", "--interactive-rows", "2", "--json");

        Assert.True(report.RootElement.GetProperty("p95_ratio").GetDouble() > 0);
        Assert.True(report.RootElement.GetProperty("bulk_share").GetDouble() >= 0); // 0 if no bulk image ended beside the few interactive ones
        Assert.True(report.RootElement.GetProperty("interactive_beside_bulk").GetProperty("median_milliseconds").GetDouble() > 0);
    }

    [Fact]
    public async Task Devices_Simulated_ReportsEveryNumberOfThem()
    {
        using var report = await Json(
            "bench", "devices", "--step-ms", "0.1", "--steps", "2", "--devices", "2", "--rows", "4", "--images", "8", "--runs", "1", "--json");

        var rates = report.RootElement.GetProperty("rates").EnumerateArray().ToList();
        Assert.Equal([1, 2], rates.Select(rate => rate.GetProperty("devices").GetInt32()));
        Assert.Equal(1, rates[0].GetProperty("share_of_linear").GetDouble());
        Assert.All(rates, rate => Assert.True(rate.GetProperty("images_per_second").GetDouble() > 0));
    }

    [Fact]
    public async Task Devices_CopiesOfTheShippedModel_ReportsBothNumbers()
    {
        using var report = await Json("bench", "devices", "--bundle", Bundle, "--devices", "2", "--rows", "4", "--images", "2", "--runs", "1", "--json");

        Assert.Equal(2, report.RootElement.GetProperty("rates").GetArrayLength());
    }

    [Fact]
    public async Task Queueing_Simulated_ComparesEveryLoadWithTheModel()
    {
        using var report = await Json(
            "bench", "queueing", "--step-ms", "0.1", "--steps", "2", "--devices", "1", "2", "--rows", "2", "--images", "8", "--load", "0.5", "--json");

        var rows = report.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal([1, 2], rows.Select(row => row.GetProperty("devices").GetInt32()));
        Assert.All(rows, row => Assert.All(
            ["predicted", "measured"], side => Assert.True(row.GetProperty(side).GetProperty("mean_milliseconds").GetDouble() > 0)));
    }

    [Theory]
    [InlineData("--model-only")]
    [InlineData("--replicas", "2")]
    public async Task Queueing_ModelOnly_MeasuresNothing(params string[] options)
    {
        using var report = await Json(["bench", "queueing", "--devices", "1000", "--images", "5", "--load", "0.5", "0.9", "--json", .. options]);

        var rows = report.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal([0.5, 0.9], rows.Select(row => row.GetProperty("load").GetDouble()));
        Assert.All(rows, row => Assert.Equal(JsonValueKind.Null, row.GetProperty("measured").ValueKind));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 2)]
    public void RandomBundle_Preset_LoadsWithTheRowsAndGuidanceGiven(float guidance, int images)
    {
        using var bundle = new RandomBundle("tiny", clusters: 64, guidance);
        using var generator = new CtfImageGeneratorFactory(bundle.Directory, rows: 4).Load(CancellationToken.None);
        var rows = new ImageSpecification(ClassId: 0, Seed: 0, generator.Model.DefaultCoarse, generator.Model.DefaultFine).Rows;

        Assert.Equal(images, generator.FreeRows / rows);
        Assert.Equal(256, generator.Model.TokenCount);
    }

    [Fact]
    public async Task Method_TinyModels_ComparesWithThePlainModel()
    {
        using var report = await Json("bench", "method", "--preset", "tiny", "--codewords", "64", "--clusters", "8", "--batch", "2", "--steps", "2", "--json");

        var line = Assert.Single(report.RootElement.EnumerateArray());
        Assert.True(line.GetProperty("fine_seconds").GetDouble() > 0);
        Assert.True(line.GetProperty("times_plain").GetDouble() > 0);
    }

    [Fact]
    public async Task Loading_ShippedModel_ReportsItsPeak()
    {
        using var report = await Json("bench", "loading", "--bundle", Bundle);

        Assert.True(report.RootElement.GetProperty("peak_memory_bytes").GetInt64() > report.RootElement.GetProperty("weight_bytes").GetInt64());
    }

    private static async Task<JsonDocument> Json(params string[] arguments)
    {
        var run = await CommandRun.Of(arguments);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output);
    }
}
