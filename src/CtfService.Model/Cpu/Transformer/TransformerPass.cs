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
    private readonly ComputeThreadPool _pool;
    private readonly StepProfiler? _profiler;
    private readonly PassAttention<TVector, TSimd, TElement> _attention;
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
        Weights = PackedTransformer.Pack<TLayout>(Config, parts.Weights, TSimd.Lanes);
        Activations = new Activations(Config, rows, _pool.Threads, TSimd.Lanes);
        Rows = new PassRows(rows);
        _attention = new PassAttention<TVector, TSimd, TElement>(Config, cachesEveryLayer ? Config.Layers : 1, slots, Activations, Rows);
    }

    /// <summary>Gets the rows, to be set before a run.</summary>
    public PassRows Rows { get; }

    /// <summary>Gets the size of the KV cache in bytes.</summary>
    public long CacheBytes => _attention.CacheBytes;

    protected TransformerConfig Config { get; }

    protected PackedTransformer Weights { get; }

    /// <summary>Gets the output head, which follows the last block; null if the pass has none.</summary>
    protected abstract PackedMatrix? Head { get; }

    protected Activations Activations { get; }

    /// <summary>Runs the pass over <see cref="Rows"/>.</summary>
    /// <param name="threads">The largest number of threads of the pool that take part.</param>
    public void Run(int threads) => Run(threads, CancellationToken.None);

    /// <summary>Runs the pass over <see cref="Rows"/> on all threads of the pool, unless it is cancelled.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public void Run(CancellationToken cancellation) => Run(_pool.Threads, cancellation);

    private void Run(int threads, CancellationToken cancellation)
    {
        _cancellation = new PoolCancellation(cancellation);
        _pool.Run(this, threads);
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
        _attention.Dispose();
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
        if (_cachesEveryLayer)
        {
            _attention.AttendCausally(layer, worker);
            return;
        }

        _attention.AppendAll(worker);
        EndPart(worker.Index, StepPart.Attention);
        _attention.AttendBidirectionally(worker);
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

    /// <summary>Returns the sum of squares; the padding is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumOfSquares(float* values, int count)
    {
        LaneSums<TVector, TSimd> sums = default;
        for (var i = 0; i < count; i += LaneSums<TVector, TSimd>.Lanes)
        {
            sums.AddSquares(values + i);
        }

        return sums.Total();
    }

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
