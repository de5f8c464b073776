using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Engines;

/// <summary>
/// Decode steps by libtorch, on any device. Rows that all stand at one position in slots 0 to R - 1, as a batch that started together does, read the cache
/// in place; others gather their slots.
/// </summary>
public sealed class TorchDecodeEngine : IDecodeEngine
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly Device _device;
    private readonly SlotKvCache _cache;
    private readonly DecodeRowCheck _check;

    /// <param name="transformer">In evaluation mode; stays the caller's.</param>
    public TorchDecodeEngine(ClassConditionalTransformer transformer, Device device, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _transformer = transformer;
        _device = device;
        Capacity = capacity;
        _check = new DecodeRowCheck(transformer.Config, capacity);
        _cache = new SlotKvCache(transformer.Config, capacity, transformer.OutputWeight.dtype, device);
    }

    public TransformerConfig Config => _transformer.Config;

    public int Capacity { get; }

    /// <inheritdoc/>
    public void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        _check.Require(rows, logits);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (slots, positions, inputs) = (new long[rows.Length], new long[rows.Length], new long[rows.Length]);
        for (var row = 0; row < rows.Length; row++)
        {
            (slots[row], positions[row], inputs[row]) = (rows[row].Slot, rows[row].Position, rows[row].Input);
        }

        var step = Aligned(rows) ? DecodeAligned(inputs, positions[0]) : DecodeApart(slots, positions, inputs);
        step.cpu().contiguous().data<float>().CopyTo(logits);
    }

    public void Dispose() => _cache.Dispose();

    private static bool Aligned(ReadOnlySpan<DecodeRow> rows)
    {
        for (var row = 0; row < rows.Length; row++)
        {
            if (rows[row].Slot != row || rows[row].Position != rows[0].Position)
            {
                return false;
            }
        }

        return true;
    }

    private Tensor DecodeAligned(long[] inputs, long position)
    {
        using var cache = _cache.FirstRows(inputs.Length);
        var ids = tensor(inputs, device: _device);
        return position == 0 ? _transformer.Prefill(ids, cache) : _transformer.DecodeStep(ids, position - 1, cache);
    }

    private Tensor DecodeApart(long[] slots, long[] positions, long[] inputs)
    {
        var where = tensor(positions, device: _device);
        _cache.Begin(tensor(slots, device: _device), where, positions.Max() + 1);
        return _transformer.DecodeStep(tensor(inputs, device: _device), where, _cache);
    }
}
