using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>Samples one entry per row from logits on the device, by inverting the cumulative distribution. Never synchronizes with the device.</summary>
public static class CategoricalSampler
{
    /// <summary>
    /// Returns for each row the first entry whose cumulative probability exceeds the uniform number, or the highest logit if temperature is 0 or top-k is 1.
    /// Never returns a removed entry, regardless of rounding.
    /// </summary>
    /// <param name="logits">[R, V], after guidance; minus infinity excludes an entry.</param>
    /// <param name="uniforms">[R, 1] float32 in [0, 1), on the device of the logits.</param>
    /// <returns>[R] int64, owned by the caller.</returns>
    public static Tensor Sample(Tensor logits, RowSampling rows, Tensor uniforms)
    {
        using var scope = NewDisposeScope();
        var filtered = LogitsFilter.Apply(logits, rows);                        // [R, V]
        var labels = SampleInverseCdf(filtered.softmax(1), uniforms);                     // [R, 1]
        if (rows.AnyGreedy)
        {
            labels = where(rows.Greedy, logits.argmax(1, keepdim: true), labels); // argmax returns the first of several
        }

        return labels.squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Inverts the cumulative distribution. Sums are in double precision, so that the result does not depend on how the device splits them. A parallel sum
    /// may still increase by rounding at an entry of probability 0; such entries are excluded, and the total is the largest sum that another entry reaches.
    /// </summary>
    private static Tensor SampleInverseCdf(Tensor probabilities, Tensor uniforms)
    {
        var cumulative = probabilities.cumsum(1, ScalarType.Float64).masked_fill(probabilities.eq(0), 0); // [R, V]
        var total = cumulative.amax([1], keepdim: true);                        // [R, 1]
        var threshold = uniforms.to(ScalarType.Float64).clamp_max(CounterRandom.Largest) * total;
        return cumulative.greater(threshold).to(ScalarType.Byte).argmax(1, keepdim: true); // first of the ones
    }
}
