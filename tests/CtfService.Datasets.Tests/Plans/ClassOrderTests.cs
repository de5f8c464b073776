using CtfService.Datasets.Plans;

namespace CtfService.Datasets.Tests.Plans;

public sealed class ClassOrderTests
{
    [Fact]
    public void Of_EqualCounts_TakesTurns()
    {
        Assert.Equal([0, 1, 2, 0, 1, 2], ClassOrder.Of([2, 2, 2]));
    }

    [Fact]
    public void Of_UnequalCounts_HasEveryImageOnce()
    {
        var order = ClassOrder.Of([1, 0, 7, 100]);

        Assert.Equal(108, order.Length);
        Assert.Equal([1, 7, 100], new[] { 0, 2, 3 }.Select(classId => order.Count(id => id == classId)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(33)]
    public void Of_UnequalCounts_GivesEveryShardEachClassInItsShare(int shardSize)
    {
        int[] counts = [30, 300, 170, 500];

        var shards = ClassOrder.Of(counts).Chunk(shardSize).Where(shard => shard.Length == shardSize);

        foreach (var shard in shards)
        {
            Assert.All(counts.Index(), entry => Assert.InRange(
                shard.Count(classId => classId == entry.Index) - (shardSize * entry.Item / 1000.0), -1.5, 1.5));
        }
    }
}
