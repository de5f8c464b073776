using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>The attention of a pass: rotates queries and keys, appends keys and values to the cache, and attends. Owns the cache.</summary>
/// <param name="layers">The number of layers in the cache.</param>
/// <param name="slots">The number of sequences in the cache.</param>
/// <param name="activations">Queries, keys and values of the rows; receives the outputs of the heads.</param>
internal sealed unsafe class PassAttention<TVector, TSimd, TElement>(
    TransformerConfig config, int layers, int slots, Activations activations, PassRows rows) : IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TElement : struct, ICacheElement
{
    /// <summary>Work items per thread, given enough rows and heads. More items balance better; larger ones read memory faster.</summary>
    private const int ItemsPerThread = 4;

    private readonly BlockedKvCache _cache = new(config, layers, slots, TSimd.Lanes, TElement.Bytes);
    private readonly InterleavedRopeTable _rope = new(config);
    private readonly float _queryScale = 1 / MathF.Sqrt(config.HeadWidth);

    /// <summary>Gets the size of the KV cache in bytes.</summary>
    public long CacheBytes => _cache.Bytes;

    public void Dispose()
    {
        _cache.Dispose();
        _rope.Dispose();
    }

    /// <summary>
    /// Attention of a decode step. Runs differ widely in length, so all items are claimed dynamically. If there are few runs, their heads are split into
    /// several items. The thread that attends also appends the keys and values of the run, so no barrier is needed between the two.
    /// </summary>
    public void AttendCausally(int layer, PoolWorker worker)
    {
        var splits = Math.Clamp(ItemsPerThread * worker.Count / rows.Runs, 1, config.Heads);
        var heads = (config.Heads + splits - 1) / splits;
        splits = (config.Heads + heads - 1) / heads;
        var items = worker.Schedule(rows.Runs * splits, staticFraction: 0);
        while (items.TryTake(out var item))
        {
            var (run, split) = Math.DivRem(item, splits);
            var (first, end) = rows.Run(run);
            var head = split * heads;
            var count = Math.Min(heads, config.Heads - head);
            for (var row = first; row < end; row++)
            {
                RotateAndAppend(layer, row, head, count);
            }

            AttendRun(layer, first, end, (head, head + count), worker.Index);
        }
    }

    /// <summary>Appends the keys and values of all rows to the cache of the only layer.</summary>
    public void AppendAll(PoolWorker worker)
    {
        var (first, end) = worker.Partition(rows.Count);
        for (var row = first; row < end; row++)
        {
            RotateAndAppend(layer: 0, row, head: 0, config.Heads);
        }
    }

    /// <summary>
    /// Attention of the fine pass. All rows of an image attend to the same keys and values; with one head at a time these stay in the processor's cache.
    /// </summary>
    public void AttendBidirectionally(PoolWorker worker)
    {
        var rowsOfImage = 1 + config.Positions;
        var (first, end) = worker.Partition(rows.Count / rowsOfImage * config.Heads);
        for (var task = first; task < end; task++)
        {
            var (image, head) = Math.DivRem(task, config.Heads);
            for (var row = image * rowsOfImage; row < (image + 1) * rowsOfImage; row++)
            {
                Attend(layer: 0, row, count: 1, (head, 1), worker.Index);
            }
        }
    }

    /// <summary>Attention of rows first to end - 1, which are consecutive positions of one slot, in parts that fit into the scratch memory.</summary>
    private void AttendRun(int layer, int first, int end, (int First, int End) heads, int thread)
    {
        for (var row = first; row < end; row += Activations.RowsAtOnce)
        {
            var count = Math.Min(Activations.RowsAtOnce, end - row);
            var headsAtOnce = activations.HeadsAtOnce / count;
            for (var head = heads.First; head < heads.End; head += headsAtOnce)
            {
                Attend(layer, row, count, (head, Math.Min(headsAtOnce, heads.End - head)), thread);
            }
        }
    }

    /// <summary>Rotates the queries and keys of consecutive heads of a row, and appends keys and values to the cache.</summary>
    private void RotateAndAppend(int layer, int row, int head, int heads)
    {
        var (slot, position, headWidth) = (rows.Slots[row], rows.Positions[row], config.HeadWidth);
        float* cosines = _rope.Cosines(position), sines = _rope.Sines(position);
        for (var end = head + heads; head < end; head++)
        {
            var query = Query(row, head);
            float* key = query + config.Width, value = key + config.Width;
            AttentionKernel<TVector, TSimd, TElement>.Prefetch(_cache.Key(layer, slot, head, position: 0), _cache.KeyHeadBytes);
            RopeKernel<TVector, TSimd, TElement>.Rotate(query, headWidth, cosines, sines, _queryScale);
            RopeKernel<TVector, TSimd, TElement>.Rotate(key, headWidth, cosines, sines, scale: 1);
            RopeKernel<TVector, TSimd, TElement>.Append(
                key, value, headWidth, _cache.Key(layer, slot, head, position), _cache.KeyFeatureStride, _cache.Value(layer, slot, head, position));
        }
    }

    /// <summary>Attention of some rows of one slot, which together have at most <see cref="Activations.HeadsAtOnce"/> heads.</summary>
    private void Attend(int layer, int first, int count, (int First, int Count) heads, int thread)
    {
        var (slot, headWidth) = (rows.Slots[first], config.HeadWidth);
        var results = activations.HeadOutputs(thread);
        AttentionKernel<TVector, TSimd, TElement>.Attend(
            new AttentionRows(Query(first, heads.First), activations.QueryKeyValueStride, count, rows.Visible[first]),
            _cache.Key(layer, slot, heads.First, position: 0),
            _cache.Value(layer, slot, heads.First, position: 0),
            heads.Count,
            headWidth,
            _cache,
            activations.Scores(thread),
            activations.ScoreStride,
            results);
        for (var row = first; row < first + count; row++)
        {
            var target = activations.Attended + (row * activations.WidthStride) + (heads.First * headWidth);
            for (var head = 0; head < heads.Count; head++)
            {
                new ReadOnlySpan<float>(results, headWidth).CopyTo(new Span<float>(target + (head * headWidth), headWidth));
                results += _cache.ValueStride;
            }
        }
    }

    /// <summary>Returns the query of a head, [Dh]. Its key and value follow after D and 2 D floats.</summary>
    private float* Query(int row, int head) => activations.QueryKeyValue + (row * activations.QueryKeyValueStride) + (head * config.HeadWidth);
}
