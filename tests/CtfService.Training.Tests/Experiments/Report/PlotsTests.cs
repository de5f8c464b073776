using CtfService.TestSupport;
using CtfService.Training.Experiments.Report;

namespace CtfService.Training.Tests.Experiments.Report;

public sealed class PlotsTests
{
    [Fact]
    public void Write_FileThatAnotherProcessHasOpen_IsReplaced()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("curve.svg");
        File.WriteAllText(path, "of the other process");
        using var other = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Plots.Write(path, new PlotTexts("title", "steps", "loss"), [new PlotSeries("a", [(1, Spread.Of([1])!), (2, Spread.Of([2])!)])]);

        other.Dispose();
        Assert.Contains("</svg>", File.ReadAllText(path), StringComparison.Ordinal);
    }
}
