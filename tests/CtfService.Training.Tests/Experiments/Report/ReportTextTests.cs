using CtfService.Training.Experiments.Report;

namespace CtfService.Training.Tests.Experiments.Report;

public sealed class ReportTextTests
{
    [Fact]
    public void Spread_ThreeSeeds_IsMeanAndSampleDeviation()
    {
        var spread = Spread.Of([1, 2, 6])!;

        Assert.Equal("3.00 ± 2.65", spread.ToString());
        Assert.Equal((1, 6), (spread.Min, spread.Max));
    }

    [Fact]
    public void Spread_OneSeedOrNone_HasNoDeviation()
    {
        Assert.Equal("0.125", Spread.Of([0.125])!.ToString());
        Assert.Null(Spread.Of([]));
    }

    [Fact]
    public void Towards_SameSeeds_InterpolatesEachSeed()
    {
        var spread = Spread.Of([1, 3])!.Towards(Spread.Of([5, 3])!, 0.25);

        Assert.Equal([2, 3], spread!.Values);
        Assert.Null(spread.Towards(Spread.Of([1])!, 0.5));
    }

    [Fact]
    public void Table_ColumnWithoutEntries_IsOmitted()
    {
        var table = new MarkdownTable("a", "b", "c");
        table.Add("1", null, "3");
        table.Add("4", null, null);

        Assert.Equal("| a | c |\n|---|---|\n| 1 | 3 |\n| 4 |  |\n", table.ToString());
    }
}
