using CtfService.Model.Engines;

namespace CtfService.Model.Tests.Engines;

public sealed class StepCostsTests
{
    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(2, 2.0)]
    [InlineData(3, 3.0)]
    [InlineData(6, 5.0)]
    [InlineData(12, 8.0)]
    public void Of_AnyRows_LiesOnTheLineOfItsNeighbours(int rows, double expected) =>
        Assert.Equal(expected, new StepCosts([(1, 1.0), (4, 4.0), (8, 6.0)]).Of(rows), precision: 9);

    [Fact]
    public void Of_OneMeasurement_IsThat() => Assert.Equal(3, new StepCosts([(2, 3.0)]).Of(7));
}
