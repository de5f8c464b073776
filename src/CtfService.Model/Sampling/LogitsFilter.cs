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
        var scaled = logits.to(ScalarType.Float32) / rows.Temperature;
        return (rows.UsesTopK || rows.UsesTopP ? ApplyTopKAndTopP(scaled, rows) : scaled).MoveToOuterDisposeScope();
    }

    private static Tensor ApplyTopKAndTopP(Tensor scaled, RowSampling rows)
    {
        var (descending, order) = sort(scaled, dim: 1, descending: true, stable: true); // ties -> lowest index
        var threshold = descending.gather(1, rows.TopKIndex);                       // [R, 1]
        if (!rows.UsesTopP)
        {
            return scaled.masked_fill(scaled.less(threshold), float.NegativeInfinity); // ties with the k-th stay
        }

        // Top-p applies to what top-k left: an entry is removed if the entries before it already exceed p. The first always stays.
        var kept = descending.masked_fill(descending.less(threshold), float.NegativeInfinity);
        var exceeded = kept.softmax(1).cumsum(1).greater(rows.TopP);            // [R, V]: of an entry and all before it
        kept[.., 1..] = kept[.., 1..].masked_fill(exceeded[.., ..^1], float.NegativeInfinity);
        return empty_like(scaled).scatter_(1, order, kept);
    }
}
