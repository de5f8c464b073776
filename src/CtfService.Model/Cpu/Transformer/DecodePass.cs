using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Forward pass over one position of each of up to Capacity sequences, with the logits at its end.</summary>
internal sealed unsafe class DecodePass<TVector, TSimd, TLayout, TElement> : TransformerPass<TVector, TSimd, TLayout, TElement>, IDecodePass
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TLayout : struct, IWeightLayout
    where TElement : struct, ICacheElement
{
    private readonly PackedMatrix _head;
    private readonly NativeBuffer _logits;
    private readonly int _logitsStride;

    public DecodePass(PassParts parts)
        : base(parts, parts.Options.Capacity, parts.Options.Capacity, cachesEveryLayer: true)
    {
        _head = PackedTransformer.PackHead<TLayout>(Config, parts.Weights, TSimd.Lanes, includeNorm: true);
        _logitsStride = _head.Outputs;
        _logits = NativeBuffer.OfFloats((long)parts.Options.Capacity * _logitsStride);
    }

    public long WeightBytes => Weights.LayerBytes + _head.Bytes;

    public long PositionBytes => 2L * Config.Layers * Config.Width * TElement.Bytes;

    public ReadOnlySpan<float> Logits(int row) => new(_logits.Floats + ((long)row * _logitsStride), Config.OutputVocabulary);

    protected override PackedMatrix? Head => _head;

    public override void Dispose()
    {
        base.Dispose();
        _head.Dispose();
        _logits.Dispose();
    }

    protected override void Finish(PoolWorker worker)
    {
        ComputeRowScales(worker.Index, 0, Rows.Count);
        var epilogue = new RowScaleEpilogue<TVector, TSimd>(_logits.Floats, _logitsStride, Activations.RowScales(worker.Index));
        PackedMatMul<TVector, TSimd, TLayout>.Multiply(_head, Activations.Hidden, Activations.WidthStride, Rows.Count, epilogue, worker);
    }
}

/// <summary>A decode pass of any vector width and weight format.</summary>
internal interface IDecodePass : IDisposable
{
    /// <summary>Gets the rows, to be set before a run.</summary>
    PassRows Rows { get; }

    /// <summary>Gets the bytes of weights that a step reads.</summary>
    long WeightBytes { get; }

    /// <summary>Gets the bytes of keys and values of one position in all layers.</summary>
    long PositionBytes { get; }

    /// <summary>Gets the size of the KV cache in bytes.</summary>
    long CacheBytes { get; }

    /// <summary>Computes the logits of all rows.</summary>
    /// <param name="threads">The largest number of threads that take part, at least 1. The logits do not depend on it.</param>
    void Run(int threads);

    /// <summary>Returns the logits of a row, [V]. Valid until the next run.</summary>
    ReadOnlySpan<float> Logits(int row);
}
