using CtfService.Core.Generation;
using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Tests.Plans;

public sealed class DatasetTests
{
    private static readonly Dataset Seven = new(FakeDataset.Plan(), FakeDataset.Model);

    [Fact]
    public void Dataset_PlanOfAnotherModel_IsRefused()
    {
        var plan = FakeDataset.Plan() with { Counts = [1] };

        var error = Assert.Throws<ArgumentException>(() => new Dataset(plan, FakeDataset.Model));

        Assert.Contains("counts has 1 numbers, expected 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_OfADataset_CoverItWithoutGap()
    {
        var shards = Enumerable.Range(0, Seven.ShardCount).Select(Seven.Shard);

        Assert.Equal([new DatasetShard(0, 0, 3), new DatasetShard(1, 3, 3), new DatasetShard(2, 6, 1)], shards);
        Assert.Throws<ArgumentOutOfRangeException>(() => Seven.Shard(3));
    }

    [Fact]
    public void Image_OfAnIndex_HasTheSeedDerivedFromIt()
    {
        var image = Seven.Image(5);

        Assert.Equal(ImageSeed.Derive(42, 5), image.Specification.Seed);
        Assert.Equal(Seven.ClassOf(5).Id, image.Specification.ClassId);
        Assert.Equal(FakeDataset.Model.DefaultCoarse, image.Specification.Coarse);
    }

    [Fact]
    public void Image_OfEveryIndexAndAttempt_HasAnotherSeed()
    {
        var seeds = Enumerable.Range(0, 100).SelectMany(attempt => Enumerable.Range(0, Seven.Count).Select(index => Seven.Image(index, attempt)))
            .Select(image => image.Specification.Seed).ToList();

        Assert.Equal(700, seeds.Distinct().Count());
    }

    [Fact]
    public void Image_LateAttemptOfALargeDataset_DoesNotOverflow()
    {
        var large = new Dataset(FakeDataset.Plan() with { Counts = [300_000, 0, 0, 0, 300_000] }, FakeDataset.Model);

        var image = large.Image(599_999, attempt: 10_000);

        Assert.Equal(ImageSeed.Derive(42, 6_000_599_999), image.Specification.Seed);
    }

    [Fact]
    public void Key_OfEveryImage_IsUniqueAndWithoutDots()
    {
        Assert.Equal("images-00000006", Seven.Key(6));
    }
}
