using CtfService.Cli.Shell;
using CtfService.Training.Progress;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Cli.Tests.Shell;

public sealed class ProgressLinesTests
{
    [Fact]
    public void Report_ManyReports_WritesFirstLastAndOnePerInterval()
    {
        var clock = new FakeTimeProvider();
        using var output = new StringWriter();
        var lines = new ProgressLines(output, "tokenizer", clock);

        for (var step = 1; step <= 25; step++)
        {
            lines.Report(Report(step, total: 25));
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        var steps = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[1]);
        Assert.Equal(["1/25:", "11/25:", "21/25:", "25/25:"], steps);
    }

    [Fact]
    public void Describe_Report_ShowsLossesSpeedAndTimeLeft()
    {
        var text = ConsoleProgress.Describe("coarse", Report(5, total: 100));

        Assert.Equal("coarse 5/100: loss 1.25, accuracy 0.3, 12.5 images/s, 02:05 left", text);
    }

    [Fact]
    public void Report_Evaluation_IsAlwaysWrittenAndHasNoSpeed()
    {
        using var output = new StringWriter();
        var lines = new ProgressLines(output, "coarse", new FakeTimeProvider());

        lines.Report(Report(1, total: 25));
        lines.Report(Report(2, total: 25) with { Losses = new Dictionary<string, double> { ["held-out loss"] = 2.5 }, ImagesPerSecond = null });

        Assert.EndsWith($"coarse 2/25: held-out loss 2.5{Environment.NewLine}", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, "coarse 5/100: loss 1.25, accuracy 0.3, 12.5 images/s, 02:05 left")]
    [InlineData(56, "coarse 5/100: loss 1.25, 12.5 images/s, 02:05 left")]
    [InlineData(20, "coarse 5/100: 12.5 images/s, 02:05 left")]
    public void Describe_NarrowTerminal_OmitsTheLastLosses(int width, string expected)
    {
        Assert.Equal(expected, ConsoleProgress.Describe("coarse", Report(5, total: 100), losses: 2, width));
    }

    [Fact]
    public void Describe_MoreThanADayLeft_CountsHours()
    {
        var text = ConsoleProgress.Describe("coarse", Report(5, total: 100) with { TimeLeft = new TimeSpan(1, 2, 3, 4) });

        Assert.EndsWith(", 26:03:04 left", text, StringComparison.Ordinal);
    }

    private static TrainingReport Report(long step, long total) => new(
        step,
        total,
        new Dictionary<string, double> { ["loss"] = 1.25, ["accuracy"] = 0.3 },
        12.5,
        TimeSpan.FromMinutes(1),
        TimeSpan.FromSeconds(125));
}
