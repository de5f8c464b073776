using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>
/// Keys and values of every layer, row and position, allocated once. A step takes all rows, each at positions of its own, and reads the full length behind a
/// mask. A row must start as zeros: values of an earlier sequence are masked, but NaN would spoil the sum nevertheless.
/// </summary>
internal sealed class KvCache : IKeyValueCache, IDisposable
{
    private readonly DeviceMemory _memory;
    private readonly ScalarType _dtype;
    private readonly long[] _row;      // H, 1+T, Dh
    private readonly Tensor[] _stored; // per layer keys, then per layer values: [at least R, H, 1+T, Dh]
    private readonly Tensor _places;   // int64 [1+T]: 0, 1, ...
    private readonly int _layers;
    private Tensor? _where;            // int64 [R, H, S, Dh]

    public KvCache(TransformerConfig config, int rows, ScalarType dtype, DeviceMemory memory)
    {
        (_memory, _dtype, _layers, Rows) = (memory, dtype, config.Layers, rows);
        _row = [config.Heads, 1 + config.Positions, config.HeadWidth];
        using var scope = NewDisposeScope(); // frees earlier tensors if a later one does not fit
        _stored = [.. Enumerable.Range(0, 2 * _layers).Select(_ => Allocate(rows))];
        _places = memory.Upload([.. Enumerable.Range(0, 1 + config.Positions).Select(place => (long)place)], 1 + config.Positions);
        scope.Detach([.. _stored, _places]);
    }

    /// <summary>R: the rows of a step.</summary>
    public int Rows { get; private set; }

    /// <summary>Bool [R, 1, S, 1+T]: a position sees those before it, and itself. Set by <see cref="Begin"/>.</summary>
    public Tensor? Mask { get; private set; }

    /// <summary>
    /// Sets the positions of the next step's rows, int64 [R, S]. Its tensors belong to the caller's scope, which must outlive the step. If a position occurs
    /// twice in a row, one of its keys and values is kept.
    /// </summary>
    public void Begin(Tensor positions)
    {
        var column = positions.reshape(Rows, 1, -1, 1);
        Mask = _places.less_equal(column); // [R, 1, S, 1+T]
        _where = column.expand(Rows, _row[0], column.shape[2], _row[2]);
    }

    /// <inheritdoc/>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values) => (Append(layer, keys), Append(_layers + layer, values));

    /// <summary>Returns the part of the cache that a pass over consecutive positions of one row needs. Its tensors belong to the caller's scope.</summary>
    public IKeyValueCache Run(int row, int first, int count) => new RowRun(this, row, first, count);

    /// <summary>Clears a row. Call between two steps.</summary>
    public void Clear(int row)
    {
        using var scope = NewDisposeScope();
        foreach (var tensor in _stored)
        {
            tensor.select(0, row).zero_();
        }
    }

    /// <summary>Copies a row to another one. Call between two steps.</summary>
    public void Move(int from, int to)
    {
        using var scope = NewDisposeScope();
        foreach (var tensor in _stored)
        {
            tensor.select(0, to).copy_(tensor.select(0, from));
        }
    }

    /// <summary>
    /// Keeps the first rows and frees the memory of the others, one tensor after another. If there is no memory for a tensor's smaller copy, the tensor stays
    /// as it is: less memory is freed, and steps use its first rows.
    /// </summary>
    public void Shrink(int rows)
    {
        Rows = rows;
        _ = TryReallocate(rows);
    }

    /// <summary>
    /// Adds rows and keeps the content of the existing ones. Returns false, and leaves the number of rows unchanged, if there is too little memory.
    /// </summary>
    public bool TryGrow(int rows)
    {
        if (!TryReallocate(rows))
        {
            _ = TryReallocate(Rows); // gives back what fitted
            return false;
        }

        Rows = rows;
        return true;
    }

    public void Dispose()
    {
        _places.Dispose();
        foreach (var tensor in _stored)
        {
            tensor.Dispose();
        }
    }

    private Tensor Allocate(int rows) => _memory.Zeros(_dtype, [rows, .. _row]);

    private Tensor Append(int tensor, Tensor added)
    {
        using var scope = NewDisposeScope();
        var stored = _stored[tensor].narrow(0, 0, Rows);
        stored.scatter_(2, _where!, added.to(_dtype));
        return stored.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Replaces one tensor after another, so that only one exists twice at a time. Returns false if one did not fit; those before it have the new size.
    /// </summary>
    private bool TryReallocate(int rows)
    {
        try
        {
            for (var i = 0; i < _stored.Length; i++)
            {
                Reallocate(i, rows);
            }

            return true;
        }
        catch (Exception fault) when (MemoryFault.Is(fault))
        {
            return false;
        }
    }

    private void Reallocate(int tensor, int rows)
    {
        var old = _stored[tensor];
        if (old.shape[0] == rows)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var kept = Math.Min(Math.Min(rows, Rows), old.shape[0]);
        var replacement = Allocate(rows);
        replacement.narrow(0, 0, kept).copy_(old.narrow(0, 0, kept));
        _stored[tensor] = replacement.DetachFromDisposeScope();
        old.Dispose();
    }

    /// <summary>Consecutive positions of one row, which see the row's earlier positions and those before them in the run.</summary>
    private sealed class RowRun(KvCache cache, int row, int first, int count) : IKeyValueCache
    {
        /// <summary>Bool [1, 1, S, first + S].</summary>
        public Tensor Mask { get; } = cache._places.narrow(0, 0, first + count).unsqueeze(0)
            .less_equal(cache._places.narrow(0, first, count).unsqueeze(1)).reshape(1, 1, count, first + count);

        public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values) => (Append(layer, keys), Append(cache._layers + layer, values));

        private Tensor Append(int tensor, Tensor added)
        {
            using var scope = NewDisposeScope();
            var stored = cache._stored[tensor].narrow(0, row, 1);
            stored.narrow(2, first, count).copy_(added);
            return stored.narrow(2, 0, first + count).MoveToOuterDisposeScope();
        }
    }
}

/// <summary>Where the attention of a pass finds the keys and values of earlier positions.</summary>
internal interface IKeyValueCache
{
    /// <summary>Bool [R, 1, S, P]: true if a new position sees a cached one.</summary>
    Tensor? Mask { get; }

    /// <summary>Stores the keys and values [R, H, S, Dh] of a layer and returns those of all positions, [R, H, P, Dh].</summary>
    (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values);
}
