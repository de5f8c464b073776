using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>Keys and values of every layer, slot and position, for rows that stand at different positions. Allocated once at full length.</summary>
internal sealed class SlotKvCache : IKeyValueCache, IDisposable
{
    private readonly Tensor[] _keys;   // per layer [slots, H, 1+T, Dh]
    private readonly Tensor[] _values; // per layer [slots, H, 1+T, Dh]
    private readonly Device _device;
    private Tensor? _slots;            // int64 [R]
    private Tensor? _positions;        // int64 [R]
    private long _length;

    public SlotKvCache(TransformerConfig config, int slots, ScalarType dtype, Device device)
    {
        Tensor Allocate() => zeros(slots, config.Heads, 1 + config.Positions, config.HeadWidth, dtype, device);
        using var scope = NewDisposeScope(); // frees the tensors that are there if a later one does not fit
        _keys = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        _values = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        scope.Detach([.. _keys, .. _values]);
        _device = device;
    }

    public Tensor? Mask { get; private set; }

    /// <summary>Names the rows of the step to come; the tensors stay the caller's and must outlive it.</summary>
    /// <param name="slots">int64 [R].</param>
    /// <param name="positions">int64 [R].</param>
    /// <param name="length">The largest position and one.</param>
    public void Begin(Tensor slots, Tensor positions, long length)
    {
        (_slots, _positions, _length) = (slots, positions, length);
        using var scope = NewDisposeScope();
        Mask = arange(length, int64, _device).le(positions.unsqueeze(1)).unsqueeze(1).unsqueeze(1).MoveToOuterDisposeScope(); // [R, 1, 1, length]
    }

    /// <summary>The first slots as a cache of rows that move on together; views, to be disposed by the caller.</summary>
    public KvCache FirstRows(long rows) =>
        new([.. _keys.Select(keys => keys.narrow(0, 0, rows).DetachFromDisposeScope())], [.. _values.Select(values => values.narrow(0, 0, rows).DetachFromDisposeScope())]);

    /// <inheritdoc/>
    public (Tensor Keys, Tensor Values) Append(int layer, long first, Tensor keys, Tensor values) =>
        (Append(_keys[layer], keys), Append(_values[layer], values));

    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }

    private Tensor Append(Tensor stored, Tensor added)
    {
        using var scope = NewDisposeScope();
        stored.index_put_(added.squeeze(2).to(stored.dtype), [TensorIndex.Tensor(_slots!), TensorIndex.Colon, TensorIndex.Tensor(_positions!)]);
        return stored.narrow(2, 0, _length).index_select(0, _slots!).MoveToOuterDisposeScope();
    }
}
