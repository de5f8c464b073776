using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Progress;

public sealed class MetricsFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Report_Losses_AppendsOneLineOfJson()
    {
        Write(0, Report(1));

        Assert.Equal("""{"step":1,"seconds":2.5,"images_per_second":10,"loss":0.5}""", Assert.Single(File.ReadAllLines(_path)));
    }

    [Fact]
    public void Open_Resumed_RemovesLaterStepsAndATornLine()
    {
        Write(0, Report(10), Report(20), Report(30));
        File.AppendAllText(_path, "{\"step\":");

        Write(20, Report(40));

        Assert.Equal(["10", "20", "40"], File.ReadAllLines(_path).Select(line => line[8..10]));
    }

    [Fact]
    public void Open_AtStepZero_ReplacesTheFile()
    {
        Write(0, Report(10));

        Write(0, Report(20));

        Assert.Contains("\"step\":20", Assert.Single(File.ReadAllLines(_path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Report_BrokenLoss_WritesNull()
    {
        Write(0, Report(1) with { Losses = new Dictionary<string, double> { ["loss"] = double.NaN } });

        Assert.Contains("\"loss\":null", File.ReadAllText(_path), StringComparison.Ordinal);
    }

    private static TrainingReport Report(long step) =>
        new(step, 100, new Dictionary<string, double> { ["loss"] = 0.5 }, 10, TimeSpan.FromSeconds(2.5), TimeSpan.Zero);

    private void Write(long finishedSteps, params TrainingReport[] reports)
    {
        using var metrics = MetricsFile.Open(_path, finishedSteps);
        foreach (var report in reports)
        {
            metrics.Report(report);
        }
    }
}
