using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Guidance, filters and the draw for one row of logits in host memory: the same steps as <see cref="LogitsFilter"/> and <see cref="CategoricalSampler"/>, without
/// an allocation and without sorting where neither top-k nor top-p is asked for. One thread at a time.
/// </summary>
/// <param name="vocabulary">V: most logits of a row.</param>
public sealed class HostSampler(int vocabulary)
{
    private readonly float[] _candidateWeights = new float[vocabulary];
    private readonly int[] _candidates = new int[vocabulary];
    private readonly RadixSelector _radixSelector = new(vocabulary);

    /// <summary>unconditional + (conditional - unconditional) * scale, into the conditional logits.</summary>
    public static void Guide(Span<float> conditional, ReadOnlySpan<float> unconditional, float scale)
    {
        TensorPrimitives.Subtract(conditional, unconditional, conditional);
        TensorPrimitives.Multiply(conditional, scale, conditional);
        TensorPrimitives.Add(conditional, unconditional, conditional);
    }

    /// <summary>Draws an entry.</summary>
    /// <param name="logits">Guided; overwritten.</param>
    /// <param name="uniform">In [0, 1).</param>
    public int Sample(Span<float> logits, SamplingSettings settings, float uniform)
    {
        if (settings.Temperature <= RowSampling.MinTemperature || settings.TopK == 1)
        {
            return TensorPrimitives.IndexOfMax<float>(logits); // first of several
        }

        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            ApplyTopK(logits, settings.TopK); // before scaling, which could round two logits to one
        }

        var highest = TensorPrimitives.Max<float>(logits);
        TensorPrimitives.Subtract(logits, highest, logits);
        TensorPrimitives.Multiply(logits, 1 / settings.Temperature, logits);
        TensorPrimitives.Exp<float>(logits, logits); // unnormalised probabilities, the highest 1
        if (settings.TopP < 1)
        {
            ApplyTopP(logits, settings.TopP);
        }

        return SampleInverseCdf(logits, uniform);
    }

    /// <summary>Sums in double and in order, so that the choice depends on nothing but the row.</summary>
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

        return last; // an entry of weight 0 is never drawn
    }

    /// <summary>Entries below the k-th highest go; ties with it stay.</summary>
    private void ApplyTopK(Span<float> logits, int count)
    {
        var threshold = _radixSelector.Find(logits, count);
        foreach (ref var logit in logits)
        {
            logit = logit < threshold ? float.NegativeInfinity : logit;
        }
    }

    /// <summary>An entry goes where the entries before it, in descending order, already exceed p; the first always stays.</summary>
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

        // Ascending by weight; among equals the later entry first, so that the walk from the end meets lower entries first.
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
