using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Transformer;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// The KV cache of all layers and slots, in blocks of as many positions as a vector has lanes. A block holds all heads, so the attention of a row reads one
/// contiguous range of keys and one of values. The keys of a head are stored as [Dh][lanes], so that one vector computes the scores of a whole block;
/// values as [lanes][Dh]. The memory is never cleared, because only positions that were written are read.
/// </summary>
internal sealed unsafe class BlockedKvCache : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly int _slots;
    private readonly int _lanes;
    private readonly int _elementBytes;
    private readonly long _keyBytes;  // per slot
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

    /// <summary>Gets the elements from the value of one position to the next: Dh, padded to whole vectors.</summary>
    public int ValueStride { get; }

    /// <summary>Gets the bytes from the keys of one head to those of the next within a block.</summary>
    public long KeyHeadBytes { get; }

    /// <summary>Gets the bytes from the values of one head to those of the next within a block.</summary>
    public long ValueHeadBytes { get; }

    /// <summary>Gets the bytes from one block of keys to the next.</summary>
    public long KeyBlockBytes { get; }

    /// <summary>Gets the bytes from one block of values to the next.</summary>
    public long ValueBlockBytes { get; }

    /// <summary>Gets the size of the cache in bytes.</summary>
    public long Bytes => _memory.Length;

    /// <summary>Returns the start of a slot's keys, [block][H][Dh][lanes].</summary>
    public byte* Keys(int layer, int slot) => _memory.Bytes + ((((long)layer * _slots) + slot) * _slotBytes);

    /// <summary>Returns the start of a slot's values, [block][H][lanes][<see cref="ValueStride"/>].</summary>
    public byte* Values(int layer, int slot) => Keys(layer, slot) + _keyBytes;

    /// <summary>Returns the address of feature 0 of a key. The next feature follows after <see cref="KeyFeatureStride"/> bytes.</summary>
    public byte* Key(int layer, int slot, int head, int position) =>
        Keys(layer, slot) + (position / _lanes * KeyBlockBytes) + (head * KeyHeadBytes) + (position % _lanes * _elementBytes);

    /// <summary>Gets the bytes from one feature of a key to the next.</summary>
    public long KeyFeatureStride => (long)_lanes * _elementBytes;

    /// <summary>Returns the address of feature 0 of a value. Its features are contiguous.</summary>
    public byte* Value(int layer, int slot, int head, int position) =>
        Values(layer, slot) + (position / _lanes * ValueBlockBytes) + (head * ValueHeadBytes) + ((long)(position % _lanes) * ValueStride * _elementBytes);

    public void Dispose() => _memory.Dispose();
}

/// <summary>Storage format of one element of the KV cache.</summary>
internal unsafe interface ICacheElement
{
    /// <summary>Gets the size of an element in bytes.</summary>
    static abstract int Bytes { get; }

    /// <summary>Rounds and stores a value.</summary>
    static abstract void Write(byte* target, float value);

    /// <summary>Loads a vector of elements and widens them to float32.</summary>
    static abstract TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

internal readonly unsafe struct Float32Element : ICacheElement
{
    public static int Bytes => sizeof(float);

    public static void Write(byte* target, float value) => *(float*)target = value;

    public static TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)source);
}

internal readonly unsafe struct BFloat16Element : ICacheElement
{
    public static int Bytes => sizeof(ushort);

    public static void Write(byte* target, float value) => *(ushort*)target = BFloat16.FromSingle(value);

    public static TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadBFloat16((ushort*)source);
}
