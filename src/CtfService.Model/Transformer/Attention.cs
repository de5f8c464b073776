using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>Multi-head attention with rotary positions and projections without bias. wqkv outputs all queries, then all keys, then all values.</summary>
internal sealed class Attention : nn.Module<Tensor, AttentionContext, Tensor>
{
    private readonly TransformerConfig _config;
    private readonly int _layer;

    [ComponentName(Name = "wqkv")]
    private readonly Projection _queryKeyValue;

    [ComponentName(Name = "wo")]
    private readonly Projection _output;

    public Attention(TransformerConfig config, int layer)
        : base(nameof(Attention))
    {
        _config = config;
        _layer = layer;
        _queryKeyValue = new Projection(config.Width, 3 * config.Width);
        _output = new Projection(config.Width, config.Width);
        RegisterComponents();
    }

    /// <summary>[R, S, D] to [R, S, D].</summary>
    public override Tensor forward(Tensor hidden, AttentionContext context)
    {
        using var scope = NewDisposeScope();
        var heads = _queryKeyValue.call(hidden).unflatten(2, [3, _config.Heads, _config.HeadWidth]); // [R, S, 3, H, Dh]
        var query = context.Rope.Rotate(heads.select(2, 0)).transpose(1, 2);                         // [R, H, S, Dh]
        var key = context.Rope.Rotate(heads.select(2, 1)).transpose(1, 2);
        var value = heads.select(2, 2).transpose(1, 2);
        if (context.Cache is { } cache)
        {
            (key, value) = cache.Append(_layer, key, value);                                         // [R, H, P, Dh]
        }

        var causal = _config.Causal && context.Cache is null; // the cache's mask hides later positions
        var attended = Autocast.Attend(query, key, value, context.Cache?.Mask, causal).transpose(1, 2).flatten(2); // [R, S, D]
        return nn.functional.dropout(_output.call(attended), _config.Dropout, training).MoveToOuterDisposeScope();
    }
}

/// <summary>The input that the attention of every layer shares.</summary>
/// <param name="Rope">Rotation angles of the positions in the input.</param>
/// <param name="Cache">Keys and values of earlier positions; null for a pass over the whole sequence.</param>
internal sealed record AttentionContext(RopeSlice Rope, IKeyValueCache? Cache = null);
