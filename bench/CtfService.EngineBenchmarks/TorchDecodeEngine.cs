using CtfService.Model.Engines;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.EngineBenchmarks;

/// <summary>Decode steps in libtorch, computed as in the serving stage. The rows of a step are in slots 0 to R - 1; R changes only at position 0.</summary>
/// <param name="transformer">In evaluation mode; the caller disposes it.</param>
internal sealed class TorchDecodeEngine(ClassConditionalTransformer transformer, int capacity) : IDecodeEngine
{
    private readonly DecodeRowCheck _check = new(transformer.Config, capacity);
    private KvCache? _cache;

    public TransformerConfig Config => transformer.Config;

    public int Capacity => capacity;

    /// <inheritdoc/>
    public void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        _check.Require(rows, logits);
        if (_cache?.Rows != rows.Length)
        {
            _cache?.Dispose();
            _cache = new KvCache(Config, rows.Length, transformer.OutputWeight.dtype, new DeviceMemory(CPU));
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var positions = tensor(rows.ToArray().Select(row => (long)row.Position).ToArray()).unsqueeze(1); // [R, 1]
        var inputs = tensor(rows.ToArray().Select(row => (long)row.Input).ToArray()).unsqueeze(1);       // [R, 1]
        _cache.Begin(positions);
        transformer.DecodeStep(inputs, positions, _cache).data<float>().CopyTo(logits);
    }

    public void Dispose() => _cache?.Dispose();
}
