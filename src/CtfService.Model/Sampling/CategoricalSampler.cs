using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>Samples one label per row from logits on the device. Never synchronizes with the device, and never returns a removed label.</summary>
public static class CategoricalSampler
{
    /// <summary>
    /// Returns for each row the label whose logit / temperature + noise is the largest, or the highest logit if temperature is 0 or top-k is 1; the lowest of
    /// several.
    /// </summary>
    /// <param name="logits">[R, V], after guidance; minus infinity excludes a label.</param>
    /// <param name="noise">[R, V] float32: the Gumbel noise of each label, on the device of the logits.</param>
    /// <returns>[R] int64, owned by the caller.</returns>
    public static Tensor SampleGumbelMax(Tensor logits, RowSampling rows, Tensor noise)
    {
        using var scope = NewDisposeScope();
        var scores = LogitsFilter.Apply(logits, rows) + noise;                  // [R, V]
        return OrHighest(scores.argmax(1, keepdim: true), logits, rows).MoveToOuterDisposeScope(); // argmax returns the first of several
    }

    /// <summary>
    /// Returns for each row the first label whose cumulative probability exceeds the uniform number, or the highest logit if temperature is 0 or top-k is 1.
    /// </summary>
    /// <param name="logits">[R, V], after guidance; minus infinity excludes a label.</param>
    /// <param name="uniforms">[R, 1] float32 in [0, 1), on the device of the logits.</param>
    /// <returns>[R] int64, owned by the caller.</returns>
    public static Tensor SampleInverseCdf(Tensor logits, RowSampling rows, Tensor uniforms)
    {
        using var scope = NewDisposeScope();
        var probabilities = LogitsFilter.Apply(logits, rows).softmax(1);        // [R, V]
        return OrHighest(Invert(probabilities, uniforms), logits, rows).MoveToOuterDisposeScope();
    }

    /// <summary>Replaces the labels [R, 1] of greedy rows by their highest logits. Returns [R].</summary>
    private static Tensor OrHighest(Tensor labels, Tensor logits, RowSampling rows) =>
        (rows.AnyGreedy ? where(rows.Greedy, logits.argmax(1, keepdim: true), labels) : labels).squeeze(1);

    /// <summary>
    /// Inverts the cumulative distribution. Sums are in double precision, so that the result does not depend on how the device splits them. A parallel sum
    /// may still increase by rounding at a label of probability 0; such labels are excluded, and the total is the largest sum that another label reaches.
    /// </summary>
    private static Tensor Invert(Tensor probabilities, Tensor uniforms)
    {
        var cumulative = probabilities.cumsum(1, ScalarType.Float64).masked_fill(probabilities.eq(0), 0); // [R, V]
        var total = cumulative.amax([1], keepdim: true);                        // [R, 1]
        var threshold = uniforms.to(ScalarType.Float64).clamp_max(CounterRandom.Largest) * total;
        return cumulative.greater(threshold).to(ScalarType.Byte).argmax(1, keepdim: true); // first of the ones
    }
}
