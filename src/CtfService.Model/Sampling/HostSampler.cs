using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Guidance, filters and sampling for one row of logits in host memory: the same computation as <see cref="LogitsFilter"/> and
/// <see cref="CategoricalSampler"/>, without allocations, and without a sort unless top-p is set. Not thread-safe.
/// </summary>
/// <param name="vocabulary">V, the largest number of logits in a row.</param>
public sealed class HostSampler(int vocabulary)
{
    private readonly float[] _candidateWeights = new float[vocabulary];
    private readonly int[] _candidates = new int[vocabulary];
    private readonly RadixSelector _radixSelector = new(vocabulary);

    /// <summary>Replaces the conditional logits by unconditional + (conditional - unconditional) * scale.</summary>
    public static void Guide(Span<float> conditional, ReadOnlySpan<float> unconditional, float scale)
    {
        TensorPrimitives.Subtract(conditional, unconditional, conditional);
        TensorPrimitives.Multiply(conditional, scale, conditional);
        TensorPrimitives.Add(conditional, unconditional, conditional);
    }

    /// <summary>Draws an entry.</summary>
    /// <param name="logits">The logits, after guidance. Overwritten.</param>
    public int Sample(Span<float> logits, SamplingSettings settings, LabelDraw draw) =>
        Sample(logits, settings, CounterRandom.Uniform(draw.Seed, draw.Stage, draw.Position));

    /// <summary>Draws an entry by inverting the cumulative distribution.</summary>
    /// <param name="logits">The logits, after guidance. Overwritten.</param>
    /// <param name="uniform">A uniform random number in [0, 1).</param>
    public int Sample(Span<float> logits, SamplingSettings settings, float uniform)
    {
        if (settings.Temperature <= RowSampling.MinTemperature || settings.TopK == 1)
        {
            return TensorPrimitives.IndexOfMax<float>(logits); // the first of several
        }

        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            ApplyTopK(logits, settings.TopK); // before scaling, which can round two logits to one
        }

        var highest = TensorPrimitives.Max<float>(logits);
        TensorPrimitives.Subtract(logits, highest, logits);
        TensorPrimitives.Multiply(logits, 1 / settings.Temperature, logits);
        TensorPrimitives.Exp<float>(logits, logits); // unnormalized probabilities, of which the highest is 1
        if (settings.TopP < 1)
        {
            ApplyTopP(logits, settings.TopP);
        }

        return SampleInverseCdf(logits, uniform);
    }

    /// <summary>
    /// Returns the first entry whose cumulative weight exceeds the threshold. Sums are in double precision and in order, so the result depends on the row
    /// alone.
    /// </summary>
    private static int SampleInverseCdf(ReadOnlySpan<float> weights, float uniform)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var threshold = Math.Min(uniform, CounterRandom.Largest) * total;
        var sum = 0.0;
        var last = 0;
        for (var entry = 0; entry < weights.Length; entry++)
        {
            if (weights[entry] > 0)
            {
                sum += weights[entry];
                last = entry;
                if (sum > threshold)
                {
                    break;
                }
            }
        }

        return last; // never an entry of weight 0
    }

    /// <summary>Removes entries below the k-th highest; ties with it stay.</summary>
    private void ApplyTopK(Span<float> logits, int count)
    {
        var threshold = _radixSelector.Find(logits, count);
        foreach (ref var logit in logits)
        {
            logit = logit < threshold ? float.NegativeInfinity : logit;
        }
    }

    /// <summary>Removes each entry if the entries before it, in descending order, already exceed p. The first always stays.</summary>
    private void ApplyTopP(Span<float> weights, float probability)
    {
        var count = 0;
        var total = 0.0;
        for (var entry = 0; entry < weights.Length; entry++)
        {
            if (weights[entry] > 0)
            {
                _candidateWeights[count] = weights[entry];
                _candidates[count++] = entry;
                total += weights[entry];
            }
        }

        var weightsAscending = _candidateWeights.AsSpan(0, count);
        var candidates = _candidates.AsSpan(0, count);

        // Ascending by weight, ties by descending entry, so that iterating from the end visits lower entries first.
        MemoryExtensions.Sort(weightsAscending, candidates);
        SortTies(weightsAscending, candidates);
        var cumulative = 0.0;
        for (var rank = candidates.Length - 1; rank >= 0; rank--)
        {
            var entry = candidates[rank];
            var weight = weights[entry];
            if (cumulative > probability * total)
            {
                weights[entry] = 0;
            }

            cumulative += weight;
        }
    }

    private static void SortTies(ReadOnlySpan<float> weightsAscending, Span<int> candidates)
    {
        for (var start = 0; start < weightsAscending.Length;)
        {
            var end = start + 1;
            while (end < weightsAscending.Length && weightsAscending[end] == weightsAscending[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                var ties = candidates[start..end];
                ties.Sort();
                ties.Reverse();
            }

            start = end;
        }
    }
}
