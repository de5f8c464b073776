using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Attention;

/// <summary>
/// Keys and values of every layer, slot and head. Keys lie in blocks of as many positions as a vector has lanes, [block][Dh][lanes], so that a block's
/// scores are computed side by side; values lie as [position][Dh]. Nothing is ever cleared: only positions that were written are read.
/// </summary>
internal sealed unsafe class SlotCache : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly int _slots;
    private readonly int _heads;
    private readonly int _lanes;
    private readonly int _elementBytes;
    private readonly long _keyBytes;
    private readonly long _headBytes;

    public SlotCache(TransformerConfig config, int layers, int slots, int lanes, int elementBytes)
    {
        (_slots, _heads, _lanes, _elementBytes) = (slots, config.Heads, lanes, elementBytes);
        var positions = PackedMatrix.RoundUp(1 + config.Positions, lanes);
        ValueStride = PackedMatrix.RoundUp(config.HeadWidth, lanes);
        _keyBytes = (long)positions * config.HeadWidth * elementBytes;
        _headBytes = _keyBytes + ((long)positions * ValueStride * elementBytes);
        BlockBytes = (long)lanes * config.HeadWidth * elementBytes;
        _memory = new NativeBuffer(layers * slots * _heads * _headBytes, zeroed: false);
    }

    /// <summary>From one block of keys to the next.</summary>
    public long BlockBytes { get; }

    /// <summary>Elements from one position's value to the next: Dh filled up to whole vectors.</summary>
    public int ValueStride { get; }

    public long Bytes => _memory.Length;

    /// <summary>Start of a head's keys.</summary>
    public byte* Keys(int layer, int slot, int head) => _memory.Bytes + (((((long)layer * _slots) + slot) * _heads + head) * _headBytes);

    /// <summary>Start of a head's values.</summary>
    public byte* Values(int layer, int slot, int head) => Keys(layer, slot, head) + _keyBytes;

    /// <summary>Bytes from the start of a head's keys to feature 0 of a position; the next feature is <see cref="FeatureBytes"/> further.</summary>
    public long KeyOffset(int position) => (position / _lanes * BlockBytes) + (position % _lanes * _elementBytes);

    public long FeatureBytes => (long)_lanes * _elementBytes;

    /// <summary>Bytes from the start of a head's values to a position.</summary>
    public long ValueOffset(int position) => (long)position * ValueStride * _elementBytes;

    public void Dispose() => _memory.Dispose();
}
