using CtfService.Model.Cpu.Memory;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Attention;

/// <summary>
/// Keys and values of every layer and slot, in blocks of as many positions as a vector has lanes. A block holds all heads, so that a row's whole attention
/// reads one long stretch of memory for the keys and one for the values. A head's keys lie as [Dh][lanes], which lets a block's scores be computed side by
/// side; its values as [lanes][Dh]. Nothing is ever cleared: only positions that were written are read.
/// </summary>
internal sealed unsafe class BlockedKvCache : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly int _slots;
    private readonly int _lanes;
    private readonly int _elementBytes;
    private readonly long _keyBytes;  // of one slot
    private readonly long _slotBytes;

    public BlockedKvCache(TransformerConfig config, int layers, int slots, int lanes, int elementBytes)
    {
        (_slots, _lanes, _elementBytes) = (slots, lanes, elementBytes);
        var blocks = Alignment.RoundUp(1 + config.Positions, lanes) / lanes;
        ValueStride = Alignment.RoundUp(config.HeadWidth, lanes);
        KeyHeadBytes = (long)lanes * config.HeadWidth * elementBytes;
        ValueHeadBytes = (long)lanes * ValueStride * elementBytes;
        KeyBlockBytes = config.Heads * KeyHeadBytes;
        ValueBlockBytes = config.Heads * ValueHeadBytes;
        _keyBytes = blocks * KeyBlockBytes;
        _slotBytes = _keyBytes + (blocks * ValueBlockBytes);
        _memory = new NativeBuffer(layers * slots * _slotBytes, zeroed: false);
    }

    /// <summary>Elements from one position's value to the next: Dh filled up to whole vectors.</summary>
    public int ValueStride { get; }

    /// <summary>From one head's keys of a block to the next head's.</summary>
    public long KeyHeadBytes { get; }

    /// <summary>From one head's values of a block to the next head's.</summary>
    public long ValueHeadBytes { get; }

    public long KeyBlockBytes { get; }

    public long ValueBlockBytes { get; }

    public long Bytes => _memory.Length;

    /// <summary>Start of a slot's keys: [block][H][Dh][lanes].</summary>
    public byte* Keys(int layer, int slot) => _memory.Bytes + ((((long)layer * _slots) + slot) * _slotBytes);

    /// <summary>Start of a slot's values: [block][H][lanes][<see cref="ValueStride"/>].</summary>
    public byte* Values(int layer, int slot) => Keys(layer, slot) + _keyBytes;

    /// <summary>Feature 0 of the key of one head at a position; the next feature is <see cref="KeyFeatureStride"/> further.</summary>
    public byte* Key(int layer, int slot, int head, int position) =>
        Keys(layer, slot) + (position / _lanes * KeyBlockBytes) + (head * KeyHeadBytes) + (position % _lanes * _elementBytes);

    public long KeyFeatureStride => (long)_lanes * _elementBytes;

    /// <summary>Feature 0 of the value of one head at a position.</summary>
    public byte* Value(int layer, int slot, int head, int position) =>
        Values(layer, slot) + (position / _lanes * ValueBlockBytes) + (head * ValueHeadBytes) + ((long)(position % _lanes) * ValueStride * _elementBytes);

    public void Dispose() => _memory.Dispose();
}
