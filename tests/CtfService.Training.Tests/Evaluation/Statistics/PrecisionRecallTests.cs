using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Tests.Evaluation.Golden;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class PrecisionRecallTests
{
    [Fact]
    public void Of_GoldenSets_IsScipys()
    {
        using var real = GoldenStatistics.Rows(GoldenStatistics.Instance.First);
        using var generated = GoldenStatistics.Rows(GoldenStatistics.Instance.Second);

        var figures = PrecisionRecall.Of(real, generated);

        Assert.Equal(GoldenStatistics.Instance.Expected.PrecisionRecall.Precision, figures.Precision, 1e-12);
        Assert.Equal(GoldenStatistics.Instance.Expected.PrecisionRecall.Recall, figures.Recall, 1e-12);
    }

    [Fact]
    public void Of_OnTheBallsBorder_CountsAsInside()
    {
        // With one neighbour the ball around 3 extends to 5. The generated points are 0.25 apart, so their balls contain no real point.
        using var real = Line(0, 1, 3);
        using var generated = Line(5, 5.25);

        var figures = PrecisionRecall.Of(real, generated, neighbours: 1);

        Assert.Equal(0.5, figures.Precision);
        Assert.Equal(0, figures.Recall);
    }

    [Fact]
    public void Of_ManyMoreRowsThanABlock_EqualsOneBlock()
    {
        // Every real point has neighbours at distance 1, so its ball has radius 1; generated points are 0.5 away from real points, except one far away.
        using var real = arange(3000, dtype: float64).unsqueeze(1);
        using var generated = cat([real + 0.5, real.narrow(0, 0, 1) - 50]);

        var figures = PrecisionRecall.Of(real, generated, neighbours: 1);

        Assert.Equal(3000 / 3001.0, figures.Precision, 1e-12);
        Assert.Equal(1, figures.Recall);
    }

    [Fact]
    public void Of_NoMoreRowsThanNeighbours_Throws()
    {
        using var three = Line(0, 1, 2);

        Assert.Throws<UndefinedFigureException>(() => PrecisionRecall.Of(three, three, neighbours: 3));
    }

    private static Tensor Line(params double[] points) => tensor(points).unsqueeze(1);
}
