using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Passes;

/// <summary>What a pass computes between its products, one row after another; allocated once for the largest pass.</summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer _shared;
    private readonly NativeBuffer _perThread;
    private readonly long _threadStride;
    private readonly int _scoreFloats;
    private readonly int _headOutputsOffset;

    public Activations(TransformerConfig config, int rows, int threads, int lanes)
    {
        // A cache line between rows: rows a power of two apart would fall into the same few sets of the first-level cache.
        long Stride(int features) => Alignment.RoundUp(features, lanes * PackedMatrix.VectorsPerTile) + Alignment.CacheLineFloats;
        WidthStride = Stride(config.Width);
        QueryKeyValueStride = Stride(3 * config.Width);
        InnerStride = Stride(config.FeedForwardWidth);
        _shared = NativeBuffer.OfFloats(rows * ((2 * WidthStride) + QueryKeyValueStride + InnerStride));

        ScoreStride = Alignment.RoundUp(1 + config.Positions, lanes);
        _scoreFloats = Alignment.RoundUp(config.Heads * ScoreStride, Alignment.CacheLineFloats);
        _headOutputsOffset = Alignment.RoundUp(config.Heads * Alignment.RoundUp(config.HeadWidth, lanes), Alignment.CacheLineFloats);
        _threadStride = Alignment.RoundUp(_scoreFloats + _headOutputsOffset + rows, Alignment.CacheLineFloats) + Alignment.CacheLineFloats; // no two threads write the same line
        _perThread = NativeBuffer.OfFloats(threads * _threadStride);

        Hidden = _shared.Floats;
        Attended = Hidden + (rows * WidthStride);
        QueryKeyValue = Attended + (rows * WidthStride);
        Gated = QueryKeyValue + (rows * QueryKeyValueStride);
    }

    public long WidthStride { get; }

    public long QueryKeyValueStride { get; }

    public long InnerStride { get; }

    /// <summary>[R, D]: the residual stream.</summary>
    public float* Hidden { get; }

    /// <summary>[R, D]: what the heads have gathered.</summary>
    public float* Attended { get; }

    /// <summary>[R, 3D]: queries, keys, values.</summary>
    public float* QueryKeyValue { get; }

    /// <summary>[R, F]: SwiGLU's result.</summary>
    public float* Gated { get; }

    /// <summary>Floats from one head's scores to the next: all positions, filled up to whole vectors.</summary>
    public int ScoreStride { get; }

    /// <summary>[H, <see cref="ScoreStride"/>]: attention scores of the row at hand.</summary>
    public float* Scores(int thread) => _perThread.Floats + (thread * _threadStride);

    /// <summary>[H, Dh filled up to whole vectors]: the heads' results for the row at hand.</summary>
    public float* HeadOutputs(int thread) => Scores(thread) + _scoreFloats;

    /// <summary>[R]: the norm's factor of each row. Every thread computes all of them: that is quicker than waiting for another.</summary>
    public float* RowScales(int thread) => HeadOutputs(thread) + _headOutputsOffset;

    public void Dispose()
    {
        _shared.Dispose();
        _perThread.Dispose();
    }
}
