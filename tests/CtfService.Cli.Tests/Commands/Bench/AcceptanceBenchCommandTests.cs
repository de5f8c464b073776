using System.Text.Json;
using CtfService.EngineBenchmarks.Acceptance;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bench;

public sealed class AcceptanceBenchCommandTests : IDisposable
{
    private static readonly string Bundle = RepositoryFolder.File("models", "fruits-64");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Acceptance_ShippedModel_NeedsTheStepsOfItsTrace()
    {
        var run = await CommandRun.Of(
            "bench", "acceptance", "--bundle", Bundle, "--window", "1", "8", "--guidance-scale", "1.5", "--temperature", "1",
            "--method", "gumbelmax", "--per-class", "1", "--json");

        Assert.True(run.ExitCode == 0, run.Error);
        using var report = JsonDocument.Parse(run.Output);
        var steps = Assert.Single(report.RootElement.EnumerateArray()).GetProperty("steps").EnumerateArray()
            .ToDictionary(one => one.GetProperty("window").GetInt32(), one => one.GetProperty("mean_steps").GetDouble());
        Assert.Equal(64, steps[1]);
        Assert.InRange(steps[8], 0.95 * 64 / AcceptanceTrace.Shipped.LabelsPerStep(8), 1.05 * 64 / AcceptanceTrace.Shipped.LabelsPerStep(8));
    }

    [Fact]
    public async Task Acceptance_Output_RecordsTheStepsOfEveryImage()
    {
        var file = _folder.File("trace.json");
        string[] command = ["bench", "acceptance", "--bundle", Bundle, "--window", "1", "16", "--per-class", "1", "--output", file];

        var run = await CommandRun.Of(command);
        var again = await CommandRun.Of(command);

        Assert.True(run.ExitCode == 0, run.Error);
        var window = Assert.Single(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("windows").EnumerateArray());
        Assert.Equal(16, window.GetProperty("window").GetInt32());
        var images = window.GetProperty("images").EnumerateArray().Select(image => image.GetString()!.Split(' ').Select(int.Parse).ToList()).ToList();
        Assert.Equal(24, images.Count);
        Assert.All(images, steps => Assert.Equal(64, steps.Sum()));
        Assert.NotEqual(0, again.ExitCode);
        Assert.Contains("already exists", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_OfTheShippedModel_AcceptsMoreWithWiderWindows()
    {
        var labels = ((int[])[1, 2, 3, 4, 8, 16, 32]).Select(AcceptanceTrace.Shipped.LabelsPerStep).ToList();

        Assert.Equal(labels.Order(), labels);
        Assert.Equal(1, labels[0]);
        Assert.InRange(labels[^1], 2.5, 4);
    }

    public void Dispose() => _folder.Dispose();
}
