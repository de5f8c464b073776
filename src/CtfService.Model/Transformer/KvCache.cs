using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>Keys and values of every layer and position, allocated once at full length and written by slice.</summary>
internal sealed class KvCache : IKeyValueCache, IDisposable
{
    private readonly Tensor[] _keys;   // per layer [R, H, 1+T, Dh]
    private readonly Tensor[] _values; // per layer [R, H, 1+T, Dh]

    public KvCache(TransformerConfig config, long rows, ScalarType dtype, Device device)
    {
        Tensor Allocate() => zeros(rows, config.Heads, 1 + config.Positions, config.HeadWidth, dtype, device);
        using var scope = NewDisposeScope(); // frees the tensors that are there if a later one does not fit
        _keys = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        _values = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        scope.Detach([.. _keys, .. _values]);
    }

    /// <param name="keys">Per layer [R, H, 1+T, Dh]; the cache owns them from here on.</param>
    /// <param name="values">As the keys.</param>
    public KvCache(Tensor[] keys, Tensor[] values) => (_keys, _values) = (keys, values);

    public Tensor? Mask => null;

    /// <summary>
    /// Stores [R, H, S, Dh] at positions first..first+S-1 of a layer and returns all keys and values so far, [R, H, first+S, Dh]; views.
    /// </summary>
    public (Tensor Keys, Tensor Values) Append(int layer, long first, Tensor keys, Tensor values)
    {
        var count = keys.shape[2];
        using (NewDisposeScope())
        {
            _keys[layer].narrow(2, first, count).copy_(keys);
            _values[layer].narrow(2, first, count).copy_(values);
        }

        return (_keys[layer].narrow(2, 0, first + count), _values[layer].narrow(2, 0, first + count));
    }

    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }
}
