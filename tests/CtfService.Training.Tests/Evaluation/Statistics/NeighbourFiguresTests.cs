using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Tests.Evaluation.Statistics;

public sealed class NeighbourFiguresTests
{
    private static readonly double[] Unseen = [.. Enumerable.Range(0, 101).Select(i => 10.0 + i).Reverse()];

    [Fact]
    public void Of_Distances_SummarisesBothSets()
    {
        var figures = NeighbourFigures.Of("grey levels", [3, 1, 2], Unseen);

        Assert.Equal(new DistanceSummary(1, 1, 2, 3), figures.Generated);
        Assert.Equal(new DistanceSummary(10, 15, 60, 110), figures.Unseen);
    }

    [Theory]
    [InlineData(1, 2, 1)]        // copies
    [InlineData(14, 16, 0.5)]
    [InlineData(15, 200, 0)]     // as distant as unseen images
    public void Of_Distances_CountsThoseCloserThanNineteenInTwentyOfTheUnseen(double first, double second, double share)
    {
        Assert.Equal(share, NeighbourFigures.Of("grey levels", [first, second], Unseen).CloserThanUnseen);
    }
}
