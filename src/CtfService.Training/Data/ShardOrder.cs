namespace CtfService.Training.Data;

/// <summary>
/// The order in which a set that is stored in shards is read: each epoch has the shards in another order, and a buffer mixes the items of neighbouring shards.
/// The order is a function of the seed alone, so reading starts at any position without saved state.
/// </summary>
/// <param name="buffer">Number of items in the buffer, from which the next one is drawn.</param>
/// <param name="list">Lists the items of a shard, 0 to <paramref name="shards"/> - 1. Thread-safe.</param>
internal sealed class ShardOrder<T>(ulong seed, int shards, int buffer, Func<int, IReadOnlyList<T>> list)
{
    private const ulong ShardShuffle = 4;
    private const ulong BufferDraws = 5;

    private readonly ulong _shardSeed = new SplitMix64(seed, ShardShuffle, 0).NextBits();

    /// <summary>Returns the items from a position on, without end, or nothing if no shard has an item.</summary>
    /// <param name="position">Number of items before the first one, over all epochs. If it is above 0, all shards are listed first.</param>
    /// <param name="cancellation">Ends this listing.</param>
    public IEnumerable<T> From(long position, CancellationToken cancellation = default)
    {
        var length = position == 0 ? long.MaxValue : Length(cancellation);
        for (var (epoch, skipped) = length == 0 ? (0, 0) : Math.DivRem(position, length); ; epoch++, skipped = 0)
        {
            var place = 0L;
            foreach (var item in Epoch(epoch))
            {
                if (place++ >= skipped)
                {
                    yield return item;
                }
            }

            if (place == 0)
            {
                yield break;
            }
        }
    }

    private long Length(CancellationToken cancellation)
    {
        var length = 0L;
        ReadingThreads.ForEach(shards, shard => Interlocked.Add(ref length, list(shard).Count), cancellation: cancellation);
        return length;
    }

    private IEnumerable<T> Epoch(long epoch)
    {
        var random = new SplitMix64(seed, BufferDraws, (ulong)epoch);
        var waiting = new List<T>(Math.Min(buffer, 1 << 16));
        foreach (var item in InOrderOfShards(epoch))
        {
            if (waiting.Count < buffer)
            {
                waiting.Add(item);
                continue;
            }

            var place = random.NextBelow(buffer);
            var drawn = waiting[place];
            waiting[place] = item;
            yield return drawn;
        }

        while (waiting.Count > 0)
        {
            var place = random.NextBelow(waiting.Count);
            var drawn = waiting[place];
            waiting[place] = waiting[^1];
            waiting.RemoveAt(waiting.Count - 1);
            yield return drawn;
        }
    }

    /// <summary>Returns the items of the shards of an epoch; each shard is listed while the one before it is read.</summary>
    private IEnumerable<T> InOrderOfShards(long epoch)
    {
        var next = ListAsync(epoch, 0);
        for (var place = 0; place < shards; place++)
        {
            var items = next.GetAwaiter().GetResult(); // the thread that prepares batches has nothing else to do
            next = ListAsync(epoch, place + 1);
            foreach (var item in items)
            {
                yield return item;
            }
        }
    }

    private Task<IReadOnlyList<T>> ListAsync(long epoch, int place) =>
        Task.Run(() => place < shards ? list(Permutation.At(_shardSeed, (ulong)epoch, place, shards)) : []);
}
