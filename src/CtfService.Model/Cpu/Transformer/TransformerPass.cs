using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// Forward pass of the transformer blocks over some rows (LlamaGen's GPT, as in <see cref="ClassConditionalTransformer"/>). Every thread of the pool runs
/// the same operations on its part of each. A barrier separates two operations if the second needs results of other threads.
/// </summary>
internal abstract unsafe class TransformerPass<TVector, TSimd, TLayout, TElement> : IParallelRegion, IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TElement : struct, ICacheElement
{
    /// <summary>Work items of attention per thread, given enough rows and heads. More items balance better; larger ones read memory faster.</summary>
    private const int ItemsPerThread = 4;

    private readonly ComputeThreadPool _pool;
    private readonly StepProfiler? _profiler;
    private readonly BlockedKvCache _cache;
    private readonly InterleavedRopeTable _rope;
    private readonly float _queryScale;
    private readonly bool _cachesEveryLayer;
    private PoolCancellation _cancellation;

    /// <param name="slots">The number of sequences in the cache.</param>
    /// <param name="rows">The largest number of rows in a pass.</param>
    /// <param name="cachesEveryLayer">Whether later passes attend to this one's keys and values. If not, all layers share the memory of one.</param>
    protected TransformerPass(PassParts parts, int slots, int rows, bool cachesEveryLayer)
    {
        Config = parts.Config;
        _pool = parts.Pool;
        _profiler = parts.Options.Profiler;
        _cachesEveryLayer = cachesEveryLayer;
        _queryScale = 1 / MathF.Sqrt(Config.HeadWidth);
        _rope = new InterleavedRopeTable(Config);
        _cache = new BlockedKvCache(Config, cachesEveryLayer ? Config.Layers : 1, slots, TSimd.Lanes, TElement.Bytes);
        Weights = PackedTransformer.Pack<TLayout>(Config, parts.Weights, TSimd.Lanes);
        Activations = new Activations(Config, rows, _pool.Threads, TSimd.Lanes);
        Rows = new PassRows(rows);
    }

    /// <summary>Gets the rows, to be set before a run.</summary>
    public PassRows Rows { get; }

    /// <summary>Gets the size of the KV cache in bytes.</summary>
    public long CacheBytes => _cache.Bytes;

    protected TransformerConfig Config { get; }

    protected PackedTransformer Weights { get; }

    /// <summary>Gets the output head, which follows the last block; null if the pass has none.</summary>
    protected abstract PackedMatrix? Head { get; }

    protected Activations Activations { get; }

    /// <summary>Runs the pass over <see cref="Rows"/> on all threads of the pool.</summary>
    public void Run() => Run(CancellationToken.None);

    /// <summary>Runs the pass over <see cref="Rows"/> on all threads of the pool, unless it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public void Run(CancellationToken cancellation)
    {
        _cancellation = new PoolCancellation(cancellation);
        _pool.Run(this);
        _cancellation.ThrowIfStopped();
    }

    void IParallelRegion.Run(int thread)
    {
        var worker = new PoolWorker(thread, _pool);
        if (thread == 0)
        {
            _profiler?.Start();
        }

        Embed(worker);
        EndPart(thread, StepPart.EmbeddingAndNorms);
        for (var layer = 0; layer < Weights.Layers.Count; layer++)
        {
            _cancellation.Check(thread, layer);
            RunBlock(layer, worker);
            if (_cancellation.StopsAfter(layer))
            {
                return;
            }
        }

        Finish(worker);
        EndPart(thread, StepPart.Head);
    }

    public virtual void Dispose()
    {
        Weights.Dispose();
        Activations.Dispose();
        _cache.Dispose();
        _rope.Dispose();
    }

    /// <summary>Computes what follows the last block.</summary>
    protected abstract void Finish(PoolWorker worker);

    /// <summary>
    /// Computes RMSNorm's 1 / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019, eq. 4) of rows first to end - 1, into the thread's own array.
    /// </summary>
    protected void ComputeRowScales(int thread, int first, int end)
    {
        var rowScales = Activations.RowScales(thread);
        for (var row = first; row < end; row++)
        {
            var squares = SumOfSquares(Activations.Hidden + (row * Activations.WidthStride), Config.Width);
            rowScales[row] = 1 / MathF.Sqrt((squares / Config.Width) + Config.NormEpsilon);
        }

        Mark(thread, StepPart.EmbeddingAndNorms);
    }

    private void RunBlock(int layer, PoolWorker worker)
    {
        var weights = Weights.Layers[layer];
        var a = Activations;
        var rowScales = a.RowScales(worker.Index);

        ComputeRowScales(worker.Index, 0, Rows.Count);
        Multiply(
            weights.QueryKeyValue, a.Hidden, a.WidthStride, new RowScaleEpilogue<TVector, TSimd>(a.QueryKeyValue, a.QueryKeyValueStride, rowScales), worker);
        PrefetchNext(weights.AttentionOutput, worker);
        EndPart(worker.Index, StepPart.QueryKeyValue);
        Attend(layer, worker);

        EndPart(worker.Index, StepPart.Attention);
        Multiply(weights.AttentionOutput, a.Attended, a.WidthStride, new ResidualEpilogue<TVector, TSimd>(a.Hidden, a.WidthStride), worker);
        PrefetchNext(weights.GateUp, worker);
        EndPart(worker.Index, StepPart.AttentionOutput);

        ComputeRowScales(worker.Index, 0, Rows.Count);
        Multiply(weights.GateUp, a.Hidden, a.WidthStride, new SwiGluEpilogue<TVector, TSimd>(a.Gated, a.InnerStride, rowScales), worker);
        PrefetchNext(weights.Down, worker);
        EndPart(worker.Index, StepPart.GateUp);
        Multiply(weights.Down, a.Gated, a.InnerStride, new ResidualEpilogue<TVector, TSimd>(a.Hidden, a.WidthStride), worker);
        PrefetchNext(layer + 1 < Weights.Layers.Count ? Weights.Layers[layer + 1].QueryKeyValue : Head, worker);
        EndPart(worker.Index, StepPart.Down);
    }

    private void Attend(int layer, PoolWorker worker)
    {
        if (_cachesEveryLayer && !Rows.ShareSlots)
        {
            AttendCausally(layer, appends: true, worker);
            return;
        }

        AppendAll(_cachesEveryLayer ? layer : 0, worker);
        EndPart(worker.Index, StepPart.Attention);
        if (_cachesEveryLayer)
        {
            AttendCausally(layer, appends: false, worker);
        }
        else
        {
            AttendBidirectionally(worker);
        }
    }

    private void Multiply<TEpilogue>(PackedMatrix matrix, float* input, long stride, TEpilogue epilogue, PoolWorker worker)
        where TEpilogue : struct, IEpilogue<TVector> =>
        PackedMatMul<TVector, TSimd, TLayout>.Multiply(matrix, input, stride, Rows.Count, epilogue, worker);

    /// <summary>Prefetches the first weights of the next product, so that memory stays busy while the threads wait at the barrier.</summary>
    private static void PrefetchNext(PackedMatrix? next, PoolWorker worker)
    {
        if (next is not null)
        {
            PackedMatMul<TVector, TSimd, TLayout>.PrefetchFirst(next, worker);
        }
    }

    /// <summary>Copies the embedding of each input to its row of the residual stream.</summary>
    private void Embed(PoolWorker worker)
    {
        var (first, end) = worker.Partition(Rows.Count);
        for (var row = first; row < end; row++)
        {
            var table = Rows.Positions[row] == 0 ? Weights.Classes : Weights.Labels;
            var vector = new ReadOnlySpan<float>(table.Floats + ((long)Rows.Inputs[row] * Config.Width), Config.Width);
            vector.CopyTo(new Span<float>(Activations.Hidden + (row * Activations.WidthStride), Config.Width));
        }
    }

    /// <summary>Returns the sum of squares over whole vectors; the padding is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares(float* values, int count)
    {
        TVector sum = default;
        for (var i = 0; i < count; i += TSimd.Lanes)
        {
            var value = TSimd.Load(values + i);
            sum = TSimd.MultiplyAdd(value, value, sum);
        }

        return TSimd.Sum(sum);
    }

    /// <summary>
    /// Attention of a decode step. Rows differ widely in length, so all items are claimed dynamically. If there are few rows, their heads are split into
    /// several items.
    /// </summary>
    /// <param name="appends">
    /// True if each row sees only its own sequence: the thread that attends also appends keys and values, so no barrier is needed between the two.
    /// </param>
    private void AttendCausally(int layer, bool appends, PoolWorker worker)
    {
        var splits = Math.Clamp(ItemsPerThread * worker.Count / Rows.Count, 1, Config.Heads);
        var heads = (Config.Heads + splits - 1) / splits;
        splits = (Config.Heads + heads - 1) / heads;
        var items = worker.Schedule(Rows.Count * splits, staticFraction: 0);
        while (items.TryTake(out var item))
        {
            var (row, split) = Math.DivRem(item, splits);
            var count = Math.Min(heads, Config.Heads - (split * heads));
            if (appends)
            {
                RotateAndAppend(layer, row, split * heads, count);
            }

            Attend(layer, row, split * heads, count, worker.Index);
        }
    }

    /// <summary>Appends the keys and values of all rows to the cache.</summary>
    private void AppendAll(int layer, PoolWorker worker)
    {
        var (first, end) = worker.Partition(Rows.Count);
        for (var row = first; row < end; row++)
        {
            RotateAndAppend(layer, row, head: 0, Config.Heads);
        }
    }

    /// <summary>
    /// Attention of the fine pass. All rows of an image attend to the same keys and values; with one head at a time these stay in the processor's cache.
    /// </summary>
    private void AttendBidirectionally(PoolWorker worker)
    {
        var rows = 1 + Config.Positions;
        var (first, end) = worker.Partition(Rows.Count / rows * Config.Heads);
        for (var task = first; task < end; task++)
        {
            var (image, head) = Math.DivRem(task, Config.Heads);
            for (var row = image * rows; row < (image + 1) * rows; row++)
            {
                Attend(layer: 0, row, head, heads: 1, worker.Index);
            }
        }
    }

    /// <summary>Rotates the queries and keys of consecutive heads of a row, and appends keys and values to the cache.</summary>
    private void RotateAndAppend(int layer, int row, int head, int heads)
    {
        var (slot, position, headWidth) = (Rows.Slots[row], Rows.Positions[row], Config.HeadWidth);
        float* cosines = _rope.Cosines(position), sines = _rope.Sines(position);
        for (var end = head + heads; head < end; head++)
        {
            var query = Query(row, head);
            float* key = query + Config.Width, value = key + Config.Width;
            AttentionKernel<TVector, TSimd, TElement>.Prefetch(_cache.Key(layer, slot, head, position: 0), _cache.KeyHeadBytes);
            RopeKernel<TVector, TSimd, TElement>.Rotate(query, headWidth, cosines, sines, _queryScale);
            RopeKernel<TVector, TSimd, TElement>.Rotate(key, headWidth, cosines, sines, scale: 1);
            RopeKernel<TVector, TSimd, TElement>.Append(
                key, value, headWidth, _cache.Key(layer, slot, head, position), _cache.KeyFeatureStride, _cache.Value(layer, slot, head, position));
        }
    }

    private void Attend(int layer, int row, int head, int heads, int thread)
    {
        var (slot, headWidth) = (Rows.Slots[row], Config.HeadWidth);
        var results = Activations.HeadOutputs(thread);
        AttentionKernel<TVector, TSimd, TElement>.Attend(
            Query(row, head),
            _cache.Key(layer, slot, head, position: 0),
            _cache.Value(layer, slot, head, position: 0),
            heads,
            headWidth,
            Rows.Visible[row],
            _cache,
            Activations.Scores(thread),
            Activations.ScoreStride,
            results);
        var target = Activations.Attended + (row * Activations.WidthStride) + (head * headWidth);
        for (var i = 0; i < heads; i++)
        {
            new ReadOnlySpan<float>(results + (i * _cache.ValueStride), headWidth).CopyTo(new Span<float>(target + (i * headWidth), headWidth));
        }
    }

    /// <summary>Returns the query of a head, [Dh]. Its key and value follow after D and 2 D floats.</summary>
    private float* Query(int row, int head) => Activations.QueryKeyValue + (row * Activations.QueryKeyValueStride) + (head * Config.HeadWidth);

    /// <summary>Ends a part of the step: waits until all threads have finished it.</summary>
    private void EndPart(int thread, StepPart part)
    {
        Mark(thread, part);
        _pool.WaitAtBarrier(thread);
        Mark(thread, StepPart.Barriers);
    }

    private void Mark(int thread, StepPart part)
    {
        if (thread == 0)
        {
            _profiler?.Mark(part);
        }
    }
}

/// <summary>The constructor arguments of every pass.</summary>
internal sealed record PassParts(TransformerConfig Config, WeightSource Weights, ComputeThreadPool Pool, CpuEngineOptions Options);
