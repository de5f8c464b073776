using CtfService.Model.Engines;
using CtfService.Model.Stages.Windows;

namespace CtfService.Model.Tests.Stages.Windows;

public sealed class MeasuredWindowTests
{
    /// <summary>A step that reads weights: its time hardly depends on the rows up to eight.</summary>
    private static readonly StepCosts Reading = new([(1, 1.0), (8, 1.1), (16, 1.6), (64, 6.4)]);

    /// <summary>A step that computes: twice the rows take twice the time.</summary>
    private static readonly StepCosts Computing = new([(1, 1.0), (64, 64.0)]);

    [Fact]
    public void Choose_OneImageAndCheapRows_OpensAWindow() =>
        Assert.InRange(new MeasuredWindow(Reading, 32).Choose(new StepLoad(Images: 1, Rows: 2, RowsOfPosition: 2, FreeRows: 62)), 4, 8);

    [Fact]
    public void Choose_FullBatch_IsOne() =>
        Assert.Equal(1, new MeasuredWindow(Reading, 32).Choose(new StepLoad(Images: 16, Rows: 32, RowsOfPosition: 32, FreeRows: 32)));

    [Fact]
    public void Choose_DearRows_IsOne() =>
        Assert.Equal(1, new MeasuredWindow(Computing, 32).Choose(new StepLoad(Images: 1, Rows: 2, RowsOfPosition: 2, FreeRows: 62)));

    [Theory]
    [InlineData(32, 0, 1)]
    [InlineData(32, 5, 3)]
    [InlineData(2, 62, 2)]
    [InlineData(1, 62, 1)]
    public void Choose_FewRowsOrASmallLimit_StaysWithin(int largest, int freeRows, int expected) =>
        Assert.Equal(expected, new MeasuredWindow(Reading, largest).Choose(new StepLoad(Images: 1, Rows: 2, RowsOfPosition: 2, FreeRows: freeRows)));

    [Fact]
    public void Measure_DraftsAreNeverRight_ClosesTheWindow()
    {
        var windows = new MeasuredWindow(Reading, 32);
        var load = new StepLoad(Images: 1, Rows: 2, RowsOfPosition: 2, FreeRows: 62);
        for (var step = 0; step < 2000 && windows.Choose(load) is > 1 and var window; step++)
        {
            windows.Measure(window, labels: 1);
        }

        Assert.Equal(1, windows.Choose(load));
    }

    [Fact]
    public void Measure_DraftsAreAlwaysRight_WidensTheWindow()
    {
        var windows = new MeasuredWindow(Reading, 32);
        var load = new StepLoad(Images: 1, Rows: 2, RowsOfPosition: 2, FreeRows: 62);
        var first = windows.Choose(load);
        for (var step = 0; step < 2000; step++)
        {
            windows.Measure(windows.Choose(load), labels: windows.Choose(load));
        }

        Assert.True(windows.Choose(load) > first);
    }
}
