using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

public sealed class BatchSamplerTests
{
    private static readonly Augmentation Everything = new()
    {
        HorizontalFlip = true,
        VerticalFlip = true,
        QuarterTurns = true,
        MaxShift = 3,
        MaxBrightness = 0.2f,
        MaxBlur = 1,
        MaxNoise = 0.05f,
    };

    [Fact]
    public void Sample_SameSeedAndStep_GivesTheSameBatch()
    {
        var dataset = TemporaryImages.Dataset(4, 30, 50);
        var options = new BatchOptions { BatchSize = 16, Seed = 7, Augmentation = Everything, BalanceClasses = true };

        var first = new BatchSampler(dataset, options).Sample(11);
        var second = new BatchSampler(dataset, options).Sample(11);

        Assert.Equal(first, second);
        Assert.NotEqual(first, new BatchSampler(dataset, options).Sample(12));
        Assert.NotEqual(first, new BatchSampler(dataset, options with { Seed = 8 }).Sample(11));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(37)]
    [InlineData(100)]
    public void Sample_OneEpoch_VisitsEveryImageOnce(int count)
    {
        var sampler = new BatchSampler(TemporaryImages.Dataset(1, count), new BatchOptions { BatchSize = 1 });

        var visited = Enumerable.Range(0, count).Select(step => sampler.Sample(step)[0].ImageIndex).ToList();

        Assert.Equal(Enumerable.Range(0, count), visited.Order());
    }

    [Fact]
    public void Sample_NextEpoch_IsInAnotherOrder()
    {
        var sampler = new BatchSampler(TemporaryImages.Dataset(1, 50), new BatchOptions { BatchSize = 50 });

        Assert.NotEqual(sampler.Sample(0).Select(item => item.ImageIndex), sampler.Sample(1).Select(item => item.ImageIndex));
        Assert.NotEqual(Enumerable.Range(0, 50), sampler.Sample(0).Select(item => item.ImageIndex));
    }

    [Fact]
    public void Sample_BalancedClasses_DrawsEachClassEquallyOften()
    {
        var dataset = TemporaryImages.Dataset(1, 2, 40, 9);
        var sampler = new BatchSampler(dataset, new BatchOptions { BatchSize = 6, BalanceClasses = true });

        var classes = Enumerable.Range(0, 20).SelectMany(step => sampler.Sample(step)).GroupBy(item => dataset.ClassIds[item.ImageIndex]);

        Assert.All(classes, drawn => Assert.Equal(40, drawn.Count()));
        Assert.Equal(3, classes.Count());
        Assert.Equal(40, classes.Single(drawn => drawn.Key == 1).Select(item => item.ImageIndex).Distinct().Count());
    }

    [Fact]
    public void Sample_Augmented_StaysWithinTheLimits()
    {
        var sampler = new BatchSampler(TemporaryImages.Dataset(4, 10), new BatchOptions { BatchSize = 1000, Augmentation = Everything });

        var draws = sampler.Sample(0).Select(item => item.Augmentation).ToList();

        Assert.Equal(Enumerable.Range(-3, 7), draws.Select(draw => draw.ShiftX).Distinct().Order());
        Assert.Equal(Enumerable.Range(0, 4), draws.Select(draw => draw.QuarterTurns).Distinct().Order());
        Assert.All(draws, draw => Assert.InRange(draw.Brightness, 0.8f, 1.2f));
        Assert.InRange(draws.Count(draw => draw.FlipX), 400, 600);
        Assert.InRange(draws.Count(draw => draw.Blur > 0), 400, 600);
    }

    [Fact]
    public void Sample_NoAugmentation_LeavesImagesUnchanged()
    {
        var sampler = new BatchSampler(TemporaryImages.Dataset(1, 10), new BatchOptions { BatchSize = 5 });

        Assert.All(sampler.Sample(3), item => Assert.Equal(AugmentationDraw.None with { NoiseSeed = item.Augmentation.NoiseSeed }, item.Augmentation));
    }
}
