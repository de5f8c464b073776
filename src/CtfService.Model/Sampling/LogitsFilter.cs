using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>Applies temperature, then top-k, then top-p, each row with its own settings (LlamaGen's order). Guidance comes before.</summary>
public static class LogitsFilter
{
    /// <summary>Returns scaled logits with every removed entry at minus infinity. Entries that are minus infinity already stay so.</summary>
    /// <param name="logits">[R, V], any floating type; at least one finite entry per row.</param>
    /// <returns>[R, V] float32, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The shape of the logits does not match the settings.</exception>
    public static Tensor Apply(Tensor logits, RowSampling rows)
    {
        if (!logits.shape.AsSpan().SequenceEqual([rows.Rows, rows.Vocabulary]))
        {
            throw new ArgumentException(
                $"Logits are [{string.Join(", ", logits.shape)}], the settings are for [{rows.Rows}, {rows.Vocabulary}].", nameof(logits));
        }

        using var scope = NewDisposeScope();
        var values = logits.to(ScalarType.Float32);
        var scaled = values / rows.Temperature;
        var kept = rows.UsesTopK || rows.UsesTopP ? scaled.masked_fill(Removed(values, rows), Scalars.Of(float.NegativeInfinity)) : scaled;
        return kept.MoveToOuterDisposeScope();
    }

    /// <summary>Returns which labels top-k and top-p remove: bool [R, V]. Works on logits before scaling, which can round two logits to one.</summary>
    private static Tensor Removed(Tensor logits, RowSampling rows)
    {
        var (descending, order) = sort(logits, dim: 1, descending: true, stable: true); // ties -> lowest index
        var threshold = descending.gather(1, rows.TopKIndex);                       // [R, 1]
        if (!rows.UsesTopP)
        {
            return logits.less(threshold);                                          // ties with the k-th stay
        }

        // Top-p applies to what top-k left: a label is removed if the labels before it already exceed p. The first always stays. Sums of integers are exact.
        var scaled = descending / rows.Temperature;
        var isBelow = descending.less(threshold);
        var weights = DeviceMath.Weights(scaled - scaled[.., ..1]).masked_fill(isBelow, Scalars.Of(0L));
        var cumulative = weights.cumsum(1);                                         // [R, V]: of a label and all before it
        var limit = rows.TopP.to(ScalarType.Float64) * cumulative[.., ^1..].to(ScalarType.Float64);
        var isRemoved = (cumulative - weights).to(ScalarType.Float64).greater(limit).logical_or_(isBelow);
        return empty_like(isRemoved).scatter_(1, order, isRemoved);
    }
}
