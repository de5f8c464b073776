using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>
/// Keys and values of every layer, row and position for steps that take all rows, each at a position of its own: always read at full length, behind a mask.
/// A row starts as zeros: what a sequence before left there is masked, but a number that is none would spoil the sum even so.
/// </summary>
internal sealed class RowKvCache : IKeyValueCache, IDisposable
{
    private readonly Tensor[] _keys;   // per layer [R, H, 1+T, Dh]
    private readonly Tensor[] _values; // per layer [R, H, 1+T, Dh]
    private readonly Tensor _places;   // int64 [1+T]: 0, 1, ...
    private readonly long[] _step;     // R, H, 1, Dh
    private Tensor? _where;            // int64 [R, H, 1, Dh]

    public RowKvCache(TransformerConfig config, int rows, ScalarType dtype, Device device)
    {
        Tensor Allocate() => zeros(rows, config.Heads, 1 + config.Positions, config.HeadWidth, dtype, device).DetachFromDisposeScope();
        _keys = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        _values = [.. Enumerable.Range(0, config.Layers).Select(_ => Allocate())];
        _places = arange(1 + config.Positions, int64, device).DetachFromDisposeScope();
        _step = [rows, config.Heads, 1, config.HeadWidth];
    }

    public Tensor? Mask { get; private set; }

    /// <summary>Says where the rows of the step to come stand, int64 [R]. What it makes is in the caller's scope, which must last as long as the step.</summary>
    public void Begin(Tensor positions)
    {
        var column = positions.reshape(-1, 1, 1, 1);
        Mask = _places.less_equal(column); // [R, 1, 1, 1+T]
        _where = column.expand(_step);
    }

    /// <inheritdoc/>
    public (Tensor Keys, Tensor Values) Append(int layer, long first, Tensor keys, Tensor values)
    {
        using (NewDisposeScope())
        {
            _keys[layer].scatter_(2, _where!, keys.to(_keys[layer].dtype));
            _values[layer].scatter_(2, _where!, values.to(_values[layer].dtype));
        }

        return (_keys[layer].alias(), _values[layer].alias());
    }

    /// <summary>Forgets what a row held; between two steps.</summary>
    public void Clear(int row)
    {
        using var scope = NewDisposeScope();
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.select(0, row).zero_();
        }
    }

    public void Dispose()
    {
        _places.Dispose();
        foreach (var tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }
}
