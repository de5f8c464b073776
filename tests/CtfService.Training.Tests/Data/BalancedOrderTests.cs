using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

public sealed class BalancedOrderTests
{
    private static readonly int[] ClassIds = [.. Enumerable.Repeat(0, 3), .. Enumerable.Repeat(1, 7), .. Enumerable.Repeat(2, 5)];

    [Fact]
    public void Of_AnyClasses_HoldsEachImageOnce()
    {
        Assert.Equal(Enumerable.Range(0, ClassIds.Length), BalancedOrder.Of(ClassIds, seed: 4).Select(image => image.Index).Order());
    }

    [Fact]
    public void Of_AnyClasses_AlternatesUntilTheyAreUsedUp()
    {
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 1, 2, 1, 2, 1, 1], BalancedOrder.Of(ClassIds).Select(image => ClassIds[image.Index]));
    }

    [Fact]
    public void Of_AnyClasses_NumbersTheImagesOfEachClass()
    {
        var rounds = BalancedOrder.Of(ClassIds).GroupBy(image => ClassIds[image.Index]).Select(images => images.Select(image => image.Round));

        Assert.All(rounds, numbers => Assert.Equal(Enumerable.Range(0, numbers.Count()), numbers));
    }

    [Fact]
    public void Of_OtherSeed_ShufflesDifferently()
    {
        var classIds = new int[100];

        Assert.Equal(BalancedOrder.Of(classIds, seed: 1), BalancedOrder.Of(classIds, seed: 1));
        Assert.NotEqual(BalancedOrder.Of(classIds, seed: 1), BalancedOrder.Of(classIds, seed: 2));
    }
}
