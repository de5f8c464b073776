using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Attention;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Passes;

/// <summary>
/// The blocks of the transformer over some rows (LlamaGen's GPT, as in <see cref="ClassConditionalTransformer"/>). Every thread of the team walks through the
/// same steps, takes its share of each and meets the others where one step needs all of another's results.
/// </summary>
internal abstract unsafe class TransformerPass<TVector, TSimd, TLayout, TElement> : IParallelRegion, IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TElement : struct, ICacheElement
{
    /// <summary>Pieces of attention for each thread, where there are rows and heads enough: more even out better, longer ones read faster.</summary>
    private const int ItemsPerThread = 4;

    private readonly ComputeThreadPool _pool;
    private readonly StepProfiler? _profiler;
    private readonly BlockedKvCache _cache;
    private readonly InterleavedRopeTable _rope;
    private readonly float _queryScale;
    private readonly bool _cachesEveryLayer;
    private PoolCancellation _cancellation;

    /// <param name="slots">Sequences in the cache.</param>
    /// <param name="rows">Rows of one pass at most.</param>
    /// <param name="cachesEveryLayer">Whether later passes see this one's keys and values; otherwise one layer's room serves all.</param>
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

    public PassRows Rows { get; }

    public long CacheBytes => _cache.Bytes;

    protected TransformerConfig Config { get; }

    protected PackedTransformer Weights { get; }

    /// <summary>The matrix behind the last block; null where there is none.</summary>
    protected abstract PackedMatrix? NextMatrix { get; }

    protected Activations Activations { get; }

    /// <summary>Runs the pass over <see cref="Rows"/> on all threads of the team.</summary>
    public void Run() => Run(CancellationToken.None);

    /// <summary>The same; may end early.</summary>
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

    /// <summary>What follows the last block.</summary>
    protected abstract void Finish(PoolWorker worker);

    /// <summary>RMSNorm's 1 / sqrt(mean(x^2) + epsilon) (Zhang and Sennrich 2019, eq. 4) of rows first to end - 1, into the thread's own array.</summary>
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
        Multiply(weights.QueryKeyValue, a.Hidden, a.WidthStride, new RowScaleEpilogue<TVector, TSimd>(a.QueryKeyValue, a.QueryKeyValueStride, rowScales), worker);
        PrefetchNext(weights.AttentionOutput, worker);
        EndPart(worker.Index, StepPart.QueryKeyValue);
        if (_cachesEveryLayer)
        {
            AttendCausally(layer, worker);
        }
        else
        {
            AppendAll(worker);
            EndPart(worker.Index, StepPart.Attention);
            AttendBidirectionally(worker);
        }

        EndPart(worker.Index, StepPart.Attention);
        Multiply(weights.AttentionOutput, a.Attended, a.WidthStride, new ResidualEpilogue<TVector, TSimd>(a.Hidden, a.WidthStride), worker);
        PrefetchNext(weights.GateUp, worker);
        EndPart(worker.Index, StepPart.AttentionOutput);

        ComputeRowScales(worker.Index, 0, Rows.Count);
        Multiply(weights.GateUp, a.Hidden, a.WidthStride, new SwiGluEpilogue<TVector, TSimd>(a.Gated, a.InnerStride, rowScales), worker);
        PrefetchNext(weights.Down, worker);
        EndPart(worker.Index, StepPart.GateUp);
        Multiply(weights.Down, a.Gated, a.InnerStride, new ResidualEpilogue<TVector, TSimd>(a.Hidden, a.WidthStride), worker);
        PrefetchNext(layer + 1 < Weights.Layers.Count ? Weights.Layers[layer + 1].QueryKeyValue : NextMatrix, worker);
        EndPart(worker.Index, StepPart.Down);
    }

    private void Multiply<TEpilogue>(PackedMatrix matrix, float* input, long stride, TEpilogue epilogue, PoolWorker worker)
        where TEpilogue : struct, IEpilogue<TVector> =>
        PackedMatMul<TVector, TSimd, TLayout>.Multiply(matrix, input, stride, Rows.Count, epilogue, worker);

    /// <summary>Keeps the memory busy while the threads wait for each other: the first weights of the next product are on their way when it begins.</summary>
    private static void PrefetchNext(PackedMatrix? next, PoolWorker worker)
    {
        if (next is not null)
        {
            PackedMatMul<TVector, TSimd, TLayout>.PrefetchFirst(next, worker);
        }
    }

    /// <summary>Copies the input's vector to each row of the residual stream.</summary>
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

    /// <summary>Over whole vectors: what lies behind the width is zero.</summary>
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
    /// Each row's heads see the row's own sequence alone: a thread adds keys and values to the cache where it is going to read them. Rows are of very different
    /// length, so nothing is divided beforehand; few rows are split into several items each.
    /// </summary>
    private void AttendCausally(int layer, PoolWorker worker)
    {
        var splits = Math.Clamp(ItemsPerThread * worker.Count / Rows.Count, 1, Config.Heads);
        var heads = (Config.Heads + splits - 1) / splits;
        splits = (Config.Heads + heads - 1) / heads;
        var items = worker.Schedule(Rows.Count * splits, staticFraction: 0);
        while (items.TryTake(out var item))
        {
            var (row, split) = Math.DivRem(item, splits);
            var count = Math.Min(heads, Config.Heads - (split * heads));
            RotateAndAppend(layer, row, split * heads, count);
            Attend(layer, row, split * heads, count, worker.Index);
        }
    }

    /// <summary>Puts the keys and values of all rows into the cache.</summary>
    private void AppendAll(PoolWorker worker)
    {
        var (first, end) = worker.Partition(Rows.Count);
        for (var row = first; row < end; row++)
        {
            RotateAndAppend(layer: 0, row, head: 0, Config.Heads);
        }
    }

    /// <summary>All rows of an image look at the same keys and values, which stay in the cache while one head after another does so.</summary>
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

    /// <summary>Rotates some heads' queries and keys to their position and puts keys and values into the cache.</summary>
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

    /// <summary>[Dh]: a head's query; its key and value are D and 2 D further.</summary>
    private float* Query(int row, int head) => Activations.QueryKeyValue + (row * Activations.QueryKeyValueStride) + (head * Config.HeadWidth);

    /// <summary>Ends a part of the step for all threads.</summary>
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

/// <summary>What every pass is made of.</summary>
internal sealed record PassParts(TransformerConfig Config, WeightSource Weights, ComputeThreadPool Pool, CpuEngineOptions Options);
