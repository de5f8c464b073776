using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>The intermediate results of a pass, row-major; allocated once for the largest pass.</summary>
internal sealed unsafe class Activations : IDisposable
{
    /// <summary>The largest number of rows of one sequence that attend together.</summary>
    public const int RowsAtOnce = 32;

    private readonly NativeBuffer _shared;
    private readonly NativeBuffer _perThread;
    private readonly long _threadStride;
    private readonly int _scoreFloats;
    private readonly int _headOutputFloats;

    public Activations(TransformerConfig config, int rows, int threads, int lanes)
    {
        // One cache line between rows: rows a power of two apart would map to the same few sets of the first-level cache.
        long Stride(int features) => Alignment.RoundUp(features, lanes * PackedMatrix.VectorsPerTile) + Alignment.CacheLineFloats;
        WidthStride = Stride(config.Width);
        QueryKeyValueStride = Stride(3 * config.Width);
        InnerStride = Stride(config.FeedForwardWidth);
        _shared = NativeBuffer.OfFloats(rows * ((2 * WidthStride) + QueryKeyValueStride + InnerStride));

        ScoreStride = Alignment.RoundUp(1 + config.Positions, Alignment.CacheLineFloats);
        HeadsAtOnce = config.Heads + Math.Min(rows, RowsAtOnce);
        _scoreFloats = Alignment.RoundUp(HeadsAtOnce * ScoreStride, Alignment.CacheLineFloats);
        _headOutputFloats = Alignment.RoundUp(HeadsAtOnce * Alignment.RoundUp(config.HeadWidth, lanes), Alignment.CacheLineFloats);

        // No two threads write to the same cache line.
        _threadStride = Alignment.RoundUp(_scoreFloats + _headOutputFloats + rows, Alignment.CacheLineFloats) + Alignment.CacheLineFloats;
        _perThread = NativeBuffer.OfFloats(threads * _threadStride);

        Hidden = _shared.Floats;
        Attended = Hidden + (rows * WidthStride);
        QueryKeyValue = Attended + (rows * WidthStride);
        Gated = QueryKeyValue + (rows * QueryKeyValueStride);
    }

    /// <summary>Gets the floats from one row of <see cref="Hidden"/> or <see cref="Attended"/> to the next.</summary>
    public long WidthStride { get; }

    /// <summary>Gets the floats from one row of <see cref="QueryKeyValue"/> to the next.</summary>
    public long QueryKeyValueStride { get; }

    /// <summary>Gets the floats from one row of <see cref="Gated"/> to the next.</summary>
    public long InnerStride { get; }

    /// <summary>Gets the residual stream, [R, D].</summary>
    public float* Hidden { get; }

    /// <summary>Gets the outputs of the attention heads, [R, D].</summary>
    public float* Attended { get; }

    /// <summary>Gets queries, keys and values, [R, 3D].</summary>
    public float* QueryKeyValue { get; }

    /// <summary>Gets the result of SwiGLU, [R, F].</summary>
    public float* Gated { get; }

    /// <summary>Gets the largest number of heads that attend at once, summed over the rows: all of one row, or at least one of each row.</summary>
    public int HeadsAtOnce { get; }

    /// <summary>Gets the floats from the scores of one head to the next: all positions, padded to whole cache lines.</summary>
    public int ScoreStride { get; }

    /// <summary>Returns a thread's attention scores, [<see cref="HeadsAtOnce"/>, <see cref="ScoreStride"/>].</summary>
    public float* Scores(int thread) => _perThread.Floats + (thread * _threadStride);

    /// <summary>Returns a thread's attention outputs, [<see cref="HeadsAtOnce"/>, Dh padded to whole vectors].</summary>
    public float* HeadOutputs(int thread) => Scores(thread) + _scoreFloats;

    /// <summary>
    /// Returns a thread's copy of the norm's scale of each row, [R]. Every thread computes all of them, which is faster than another barrier.
    /// </summary>
    public float* RowScales(int thread) => HeadOutputs(thread) + _headOutputFloats;

    public void Dispose()
    {
        _shared.Dispose();
        _perThread.Dispose();
    }
}
