using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Draws a label by inverting the cumulative distribution at one uniform number, as version 0.2.0 and earlier did: images of those versions can be drawn again.
/// Not thread-safe.
/// </summary>
/// <param name="vocabulary">V, the largest number of logits in a row.</param>
public sealed class InverseCdfSampler(int vocabulary)
{
    private readonly CandidateOrder _order = new(vocabulary);

    /// <summary>Draws a label.</summary>
    /// <param name="logits">The logits, after guidance and top-k. Overwritten.</param>
    /// <param name="settings">Temperature above <see cref="RowSampling.MinTemperature"/>, and top-p.</param>
    /// <param name="uniform">A uniform random number in [0, 1).</param>
    public int Sample(Span<float> logits, SamplingSettings settings, float uniform)
    {
        var highest = TensorPrimitives.Max<float>(logits);
        TensorPrimitives.Subtract(logits, highest, logits);
        TensorPrimitives.Multiply(logits, 1 / settings.Temperature, logits);
        TensorPrimitives.Exp<float>(logits, logits); // unnormalized probabilities, of which the highest is 1
        if (settings.TopP < 1)
        {
            ApplyTopP(logits, settings.TopP);
        }

        return Invert(logits, uniform);
    }

    /// <summary>
    /// Returns the first label whose cumulative weight exceeds the threshold. Sums are in double precision and in order, so the result depends on the row
    /// alone.
    /// </summary>
    private static int Invert(ReadOnlySpan<float> weights, float uniform)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var threshold = Math.Min(uniform, CounterRandom.Largest) * total;
        var sum = 0.0;
        var last = 0;
        for (var label = 0; label < weights.Length; label++)
        {
            if (weights[label] > 0)
            {
                sum += weights[label];
                last = label;
                if (sum > threshold)
                {
                    break;
                }
            }
        }

        return last; // never a label of weight 0
    }

    /// <summary>Removes each label if the labels before it, in descending order, already exceed p. The first always stays.</summary>
    private void ApplyTopP(Span<float> weights, float probability)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight; // a weight of 0 changes nothing
        }

        var cumulative = 0.0;
        foreach (var label in _order.Descending(weights, least: 0))
        {
            var weight = weights[label];
            if (cumulative > probability * total)
            {
                weights[label] = 0;
            }

            cumulative += weight;
        }
    }
}
