using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

public sealed class ShardOrderTests
{
    private static readonly int[] Lengths = [5, 0, 7, 3, 1];
    private static readonly int All = Lengths.Sum();

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public void From_Start_ReturnsEveryItemOnceInEachEpoch(int buffer)
    {
        int[][] epochs = [.. Order(1, buffer).From(0).Take(4 * All).Chunk(All)];

        Assert.All(epochs, epoch => Assert.Equal(All, epoch.Distinct().Count()));
        Assert.True(epochs.DistinctBy(epoch => string.Join(' ', epoch)).Count() > 1); // four shards have few orders
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(41)]
    public void From_AnyPosition_ContinuesThere(int position) =>
        Assert.Equal(Order(2, 4).From(0).Skip(position).Take(50), Order(2, 4).From(position).Take(50));

    [Fact]
    public void From_LargeBuffer_MixesShards()
    {
        var first = Order(1, 100).From(0).Take(4).Select(item => item / 100).Distinct();

        Assert.True(first.Count() > 1);
    }

    [Fact]
    public void From_OtherSeed_HasAnotherOrder() => Assert.NotEqual(Order(1, 4).From(0).Take(All), Order(2, 4).From(0).Take(All));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void From_NoItems_Ends(int position) => Assert.Empty(new ShardOrder<int>(1, 3, 4, _ => []).From(position));

    [Fact]
    public void From_StartOfALargeSet_ListsOnlyTheShardsThatItNeeds()
    {
        var listed = 0;
        var order = new ShardOrder<int>(1, 1000, 10, shard =>
        {
            Interlocked.Increment(ref listed);
            return [.. Enumerable.Range(shard * 100, 100)];
        });

        _ = order.From(0).Take(50).Count();

        Assert.InRange(listed, 1, 3);
    }

    [Fact]
    public void From_Cancelled_EndsTheListing()
    {
        using var stop = new CancellationTokenSource();
        var order = new ShardOrder<int>(1, 10_000, 10, shard =>
        {
            stop.Cancel();
            return [shard];
        });

        Assert.ThrowsAny<OperationCanceledException>(() => order.From(1, stop.Token).First());
    }

    private static ShardOrder<int> Order(ulong seed, int buffer) =>
        new(seed, Lengths.Length, buffer, shard => [.. Enumerable.Range(100 * shard, Lengths[shard])]);
}
