using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>Draws one entry per row from filtered logits by inverting the cumulative distribution. Never waits for the device.</summary>
public static class CategoricalSampler
{
    /// <summary>
    /// The first entry whose cumulative probability exceeds the row's uniform number; the highest logit where temperature is 0 or top-k is 1.
    /// A removed entry is never returned, whatever the rounding.
    /// </summary>
    /// <param name="logits">[R, V], guided where that is wanted; minus infinity marks entries that cannot be chosen.</param>
    /// <param name="uniforms">[R, 1] float32 in [0, 1), on the device of the logits.</param>
    /// <returns>[R] int64, owned by the caller.</returns>
    public static Tensor Sample(Tensor logits, RowSampling rows, Tensor uniforms)
    {
        using var scope = NewDisposeScope();
        var filtered = LogitsFilter.Apply(logits, rows);                        // [R, V]
        var labels = SampleInverseCdf(filtered.softmax(1), uniforms);                     // [R, 1]
        if (rows.AnyGreedy)
        {
            labels = where(rows.Greedy, logits.argmax(1, keepdim: true), labels); // first of several, by argmax's contract
        }

        return labels.squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Sums in double, so that the choice does not depend on how a device splits the sum. A parallel sum may still rise by rounding at an
    /// entry of probability 0: those are set aside, and the total is the largest sum that a possible entry reaches.
    /// </summary>
    private static Tensor SampleInverseCdf(Tensor probabilities, Tensor uniforms)
    {
        var cumulative = probabilities.cumsum(1, ScalarType.Float64).masked_fill(probabilities.eq(0), 0); // [R, V]
        var total = cumulative.amax([1], keepdim: true);                        // [R, 1]
        var threshold = uniforms.to(ScalarType.Float64).clamp_max(CounterRandom.Largest) * total;
        return cumulative.greater(threshold).to(ScalarType.Byte).argmax(1, keepdim: true); // first of the ones
    }
}
